/**
 * One life of the engine in a test: from its start on a database to its death at a kill.
 *
 * Invariant: once killed it answers nobody and changes nothing, whatever its promises still do.
 */
import type { Backstep } from '../host/backstep.ts';
import { createEngine } from '../runtime/engine.ts';
import { DEFAULT_LIMITS, type Limits } from '../host/limits.ts';
import { type Logger, silentLogger } from '../host/turn-log.ts';
import type {
  MemoryDatabase,
  MemoryStore,
  MemoryStoreHooks,
} from '../store/sqlite/memory-store.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** Thrown out of whatever a test waits for when the process dies under it. */
export class ProcessDied extends Error {
  override readonly name = 'ProcessDied';

  constructor() {
    super('the process died; start another one with `crash()`');
  }
}

export interface ProcessOptions {
  readonly limits?: Partial<Limits>;
  /** Default: silence. */
  readonly logger?: Logger;
  /** @internal Told around every commit, so that `crashEverywhere` crashes there. */
  readonly hooks?: MemoryStoreHooks;
}

export class TestProcess {
  readonly store: MemoryStore;
  readonly backstep: Backstep;
  isAlive = true;
  /** Rejects when it is killed. */
  readonly #died: Promise<never>;
  readonly #clock: ReturnType<VirtualClock['forProcess']>;
  readonly #die: (error: ProcessDied) => void;

  constructor(
    database: MemoryDatabase,
    clock: VirtualClock,
    options: ProcessOptions,
    number: number,
  ) {
    const { limits, logger, hooks } = options;
    const { promise, reject } = Promise.withResolvers<never>();
    promise.catch(() => {}); // nobody may be waiting
    this.#died = promise;
    this.#die = reject;
    this.#clock = clock.forProcess();
    this.store = database.open(hooks);
    this.backstep = createEngine(this.store, {
      clock: this.#clock,
      randomId: createIds(number),
      limits: { ...DEFAULT_LIMITS, ...limits },
      logger: logger ?? silentLogger,
      onFatal: () => {},
    });
  }

  /** What was asked of it; throws `ProcessDied` when it dies before it has answered. */
  answer<Answer>(asked: Promise<Answer>): Promise<Answer> {
    return Promise.race([asked, this.#died]);
  }

  kill(): void {
    this.isAlive = false;
    this.store.kill();
    this.#clock.kill();
    this.#die(new ProcessDied());
  }
}

/** Letters of an id that name the process; the others count within it. */
const PROCESS_LETTERS = 4;

/**
 * The same ids at every run: they differ within a process by a count, between them by number. Of a
 * byte an id takes five bits, so each byte is one digit to the base 32.
 */
function createIds(process: number): () => Uint8Array {
  let count = 0;
  const digitOf = (value: number, place: number): number => Math.floor(value / 32 ** place) % 32;
  return () => {
    count += 1;
    return Uint8Array.from({ length: 16 }, (_, index) =>
      index < PROCESS_LETTERS
        ? digitOf(process, PROCESS_LETTERS - 1 - index)
        : digitOf(count, 15 - index),
    );
  };
}
