/**
 * Lives the same life again and again, the engine dying at each of its commits in turn, over a
 * database in memory that outlives it: what is durable stays, everything else is gone.
 *
 * Invariant: a dead process hears nothing and changes nothing, whatever it still has under way.
 */
import { randomBytes } from 'node:crypto';
import type { Backstep } from '../../src/host/backstep.ts';
import { createEngine } from '../../src/runtime/engine.ts';
import { DEFAULT_LIMITS } from '../../src/host/limits.ts';
import { silentLogger } from '../../src/host/turn-log.ts';
import {
  type MemoryDatabase,
  memoryDatabases,
  type MemoryStore,
} from '../../src/store/sqlite/memory-store.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';

/** A life to be lived through a crash. */
export interface Life {
  /** Before each new life. */
  readonly begin?: () => void;
  readonly register: (backstep: Backstep) => void;
  /**
   * What clients do, from the first call to the end; called again after the crash, as by clients
   * that did not hear. `pass` lets the process work, and virtual time go by.
   */
  readonly live: (backstep: Backstep, pass: Pass) => Promise<void>;
  /** Throws when the life came out wrong. */
  readonly check: (backstep: Backstep) => Promise<void>;
}

/** Lets the process work for a while, until the answer is true. */
export type Pass = (isDone: () => boolean | Promise<boolean>) => Promise<void>;

/** Rounds of the event loop after which a life is stuck. */
const MAX_ROUNDS = 5_000;

/**
 * Crashes before and after every commit. Returns how many crashes there were.
 *
 * @param stepMs virtual time that passes with each look at whether something is done
 */
export async function crashEverywhere(life: Life, stepMs = 0): Promise<number> {
  const newDatabase = await memoryDatabases();
  let crashes = 0;
  for (const when of ['before', 'after'] as const) {
    for (let commit = 1; ; commit++) {
      const where = `dying ${when} commit ${commit}`;
      life.begin?.();
      const clock = new VirtualClock();
      const database = newDatabase();
      const first = new MortalProcess(database, clock, life, stepMs, { commit, when });
      await first.run(where);
      const isCrashed = first.isDead;
      first.kill();
      if (!isCrashed) break;
      crashes += 1;
      const second = new MortalProcess(database, clock, life, stepMs, null);
      await second.run(where);
      try {
        await life.check(second.engine);
      } catch (cause) {
        throw new Error(where, { cause });
      }
      second.kill();
      database.close();
    }
  }
  return crashes;
}

class MortalProcess {
  readonly engine: Backstep;
  isDead = false;
  readonly #store: MemoryStore;
  readonly #clock: VirtualClock;
  readonly #life: Life;
  readonly #stepMs: number;
  #commits = 0;

  constructor(
    database: MemoryDatabase,
    clock: VirtualClock,
    life: Life,
    stepMs: number,
    crashAt: CrashPoint | null,
  ) {
    this.#clock = clock;
    this.#life = life;
    this.#stepMs = stepMs;
    this.#store = database.open({
      beforeCommit: () => {
        this.#commits += 1;
        if (this.#commits === crashAt?.commit && crashAt.when === 'before') this.kill();
      },
      afterCommit: () => {
        if (this.#commits === crashAt?.commit && crashAt.when === 'after') this.kill();
      },
    });
    this.engine = createEngine(this.#store, {
      clock: {
        nowMs: () => clock.nowMs(),
        after: (delayMs, run) =>
          clock.after(delayMs, () => {
            if (!this.isDead) run();
          }),
      },
      randomId: () => randomBytes(16),
      limits: DEFAULT_LIMITS,
      logger: silentLogger,
      onFatal: () => {},
    });
    life.register(this.engine);
  }

  /** Lives until the life is over or the process has died. */
  async run(where: string): Promise<void> {
    const lived = this.engine.start().then(() => this.#life.live(this.engine, this.#pass));
    let isOver = false;
    const over = lived.finally(() => {
      isOver = true;
    });
    await this.#rounds(() => isOver || this.isDead, where);
    if (isOver) await over;
    else over.catch(() => {}); // it died with the process
  }

  kill(): void {
    this.isDead = true;
    this.#store.kill();
  }

  readonly #pass: Pass = (isDone) => this.#rounds(isDone, 'waiting for the saga');

  async #rounds(isDone: () => boolean | Promise<boolean>, what: string): Promise<void> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      if (await isDone()) return;
      await new Promise(setImmediate);
      if (this.#stepMs > 0) this.#clock.advance(this.#stepMs);
    }
    throw new Error(`${what}: nothing moves any more`);
  }
}

interface CrashPoint {
  readonly commit: number;
  readonly when: 'before' | 'after';
}
