/**
 * One life of the engine in a test: from its start on a database to its death at a kill.
 *
 * Invariant: once killed it answers nobody and changes nothing, whatever its promises still do.
 */
import type { Backstep } from '../runtime/backstep.ts';
import { createEngine } from '../runtime/engine.ts';
import { DEFAULT_LIMITS, type Limits } from '../runtime/limits.ts';
import { type Logger, silentLogger } from '../runtime/turn-log.ts';
import type { MemoryDatabase, MemoryStore, MemoryStoreHooks } from '../store/memory-store.ts';
import type { VirtualClock } from './virtual-clock.ts';

export interface ProcessOptions {
  readonly limits?: Partial<Limits>;
  /** Default: silence. */
  readonly logger?: Logger;
  /** Told around every commit; for tests that crash there. */
  readonly hooks?: MemoryStoreHooks;
}

export class TestProcess {
  readonly store: MemoryStore;
  readonly backstep: Backstep;
  /** Resolves when it was killed. */
  readonly died: Promise<void>;
  readonly #clock: ReturnType<VirtualClock['forProcess']>;
  readonly #die: () => void;

  constructor(
    database: MemoryDatabase,
    clock: VirtualClock,
    { limits, logger, hooks }: ProcessOptions,
    number: number,
  ) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.died = promise;
    this.#die = resolve;
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

  kill(): void {
    this.store.kill();
    this.#clock.kill();
    this.#die();
  }
}

/** The same ids at every run: they differ within a process by a count, between them by number. */
function createIds(process: number): () => Uint8Array {
  let count = 0;
  return () => {
    count += 1;
    return Uint8Array.from({ length: 16 }, (_, index) => (index === 0 ? process : count) + index);
  };
}
