/** Two engines over one database in memory: an owner, and a standby that takes over. */
import { onTestFinished } from 'vitest';
import type { Backstep } from '../../../src/host/backstep.ts';
import { createEngine } from '../../../src/runtime/engine.ts';
import { DEFAULT_LIMITS } from '../../../src/host/limits.ts';
import { silentLogger } from '../../../src/host/turn-log.ts';
import type { FeedEntry } from '../../../src/store/read-models.ts';
import {
  memoryDatabases,
  type MemoryDatabase,
  type MemoryStore,
  type MemoryStoreHooks,
} from '../../../src/store/sqlite/memory-store.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { notebookSaga } from '../inbox/inbox-fixture.ts';

/** One process. */
export interface Process {
  readonly store: MemoryStore;
  readonly backstep: Backstep;
  /** Resolves once it owns the database and has recovered. */
  readonly started: Promise<void>;
  /** What its feed gave, in order. */
  readonly fed: FeedEntry[];
  kill(): void;
}

/** Opens both, the owner started. `hooks`: of the owner's commits. */
export async function twoEngines(hooks: (owner: () => Process) => MemoryStoreHooks = () => ({})) {
  const clock = new VirtualClock();
  const database = (await memoryDatabases())();
  onTestFinished(() => database.close());
  const owner: Process = open(clock, database.open(hooks(() => owner)), 1);
  await owner.started;
  const standby = openStandby(clock, database);
  await turns();
  return { clock, database, owner, standby };
}

/** A process beside the one that owns the database now. */
export function openStandby(clock: VirtualClock, database: MemoryDatabase): Process {
  const standby = open(clock, database.openStandby(), 2);
  standby.started.catch(() => {}); // a test that ends while it waits
  return standby;
}

function open(clock: VirtualClock, store: MemoryStore, number: number): Process {
  const own = clock.forProcess();
  let count = 0;
  const backstep = createEngine(store, {
    clock: own,
    randomId: () => {
      count += 1;
      return Uint8Array.of(number, count % 32, Math.floor(count / 32), ...new Uint8Array(13));
    },
    limits: DEFAULT_LIMITS,
    logger: silentLogger,
    onFatal: () => {},
  });
  backstep.register(notebookSaga, { activities: {} });
  const fed: FeedEntry[] = [];
  backstep.subscribe((entry) => fed.push(entry));
  const started = backstep.start();
  const kill = (): void => {
    store.kill();
    own.kill();
  };
  return { store, backstep, started, fed, kill };
}

/** Lets everything happen that needs no time to pass. */
export async function turns(): Promise<void> {
  for (let round = 0; round < 50; round++) await new Promise(setImmediate);
}

/** Lets time pass until something is answered. */
export async function passing<Answer>(
  clock: VirtualClock,
  asked: Promise<Answer>,
): Promise<Answer> {
  const notYet = Symbol();
  for (;;) {
    const first = await Promise.race([asked, turns().then(() => notYet)]);
    if (first !== notYet) return first as Answer;
    clock.advance(100);
  }
}
