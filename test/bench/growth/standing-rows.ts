/**
 * Rows about sagas that are there: ended ones that go, many that are due, many that wait.
 */
import { setTimeout as pause } from 'node:timers/promises';
import Database from 'better-sqlite3';
import type { Backstep } from '../../../src/host/backstep.ts';
import { openBackstep } from '../../../src/runtime/open-backstep.ts';
import { quantile } from '../figures.ts';
import { collectGarbage, copyNewest, sleepers } from '../scale.ts';
import { UNEVEN_MS } from '../workload.ts';
import { cpuUs, type Engine, many, withEngine } from './engine.ts';
import {
  brief,
  briefThenFour,
  chainOf,
  child,
  parentOf,
  ticking,
  waiting,
  type WideSaga,
} from './wide-sagas.ts';

/** One thing that is to cost the same per unit at every size. */
export interface Row {
  readonly name: string;
  readonly unit: string;
  /** The smallest first. */
  readonly sizes: readonly number[];
  /** Most that the largest may cost, over the smallest. */
  readonly goal: number;
  /** Most that the largest may cost; then `goal` says nothing. */
  readonly atMost?: number;
  measure(size: number): Promise<number>;
}

const four = chainOf(4);
const POLL_MS = 5;
/** Events to one saga. */
const TICKS = 1_000;

export const STANDING_ROWS: readonly Row[] = [
  {
    name: 'an ended saga that is removed, of n',
    unit: 'us',
    sizes: [2_000, 20_000],
    goal: 1.5,
    measure: (sagas) => removing(sagas, 0, (usPerSaga) => usPerSaga),
  },
  {
    name: 'an ended saga that is looked at, beside n children that must stay',
    unit: 'us',
    sizes: [2_000, 40_000],
    goal: 1.5,
    measure: (held) => removing(10_000, held, (usPerSaga) => usPerSaga),
  },
  {
    name: 'a fresh saga, p99, while n ended ones are removed',
    unit: 'ms',
    sizes: [2_000, 20_000],
    goal: Infinity,
    atMost: 100,
    measure: (sagas) => removing(sagas, 0, (_, freshMs) => quantile(freshMs, 0.99)),
  },
  {
    name: 'a fresh saga, p99, while n are due at once',
    unit: 'ms',
    sizes: [1_000, 100_000],
    goal: Infinity,
    atMost: 100,
    measure: (sagas) => storm(brief, sagas, nothing),
  },
  {
    name: 'a fresh saga, p99, while n with four steps are due at once',
    unit: 'ms',
    sizes: [1_000, 10_000],
    goal: Infinity,
    atMost: 100,
    measure: (sagas) => storm(briefThenFour, sagas, uneven),
  },
  {
    name: 'an event to one saga, of n senders at once',
    unit: 'batches for 1,000',
    sizes: [1, 100],
    goal: 0.1,
    measure: perTick,
  },
  {
    name: 'heap of a saga that waits, of n in memory',
    unit: 'bytes',
    sizes: [1_000, 5_000],
    goal: Infinity,
    atMost: 8_192,
    measure: memoryOfWaiting,
  },
  {
    name: 'heap of a saga that sleeps, of n in the database',
    unit: 'bytes',
    sizes: [10_000, 100_000],
    goal: Infinity,
    atMost: 205,
    measure: async (sagas) => (await sleepers(sagas)).bytesPerSaga,
  },
  {
    name: '`settled` of one of n sagas that wait',
    unit: 'us CPU',
    sizes: [4_000, 12_000],
    goal: 1.5,
    measure: perSettled,
  },
];

const nothing = (): object => ({});
const uneven = (): Promise<object> => pause(Math.random() * UNEVEN_MS, {});

/** Runs one saga, and leaves copies of it as it ended or waits. */
async function filled(database: string, definition: WideSaga, count: number): Promise<void> {
  const backstep = await openBackstep({ database, verifyAtRegistration: 'off' });
  for (const each of [child, definition]) {
    backstep.register(each, { activities: { work: nothing, undo: nothing } });
  }
  await backstep.start();
  const { id } = await backstep.spawn(definition.id, { input: {} });
  const isThere = ({ status }: { status: string }): boolean =>
    status === 'waiting' || status === 'completed';
  await backstep.saga(id).waitFor(isThere);
  await backstep.stop();
  copyNewest(database, count - 1);
}

/**
 * Removes ended sagas, with `held` older ones that must stay because their parent goes on. `read` is given
 * the time of each that is looked at, and how long fresh sagas took meanwhile.
 */
function removing(
  sagas: number,
  held: number,
  read: (usPerSaga: number, freshMs: readonly number[]) => number,
): Promise<number> {
  const prefill = async (database: string): Promise<void> => {
    if (held > 0) await filled(database, parentOf, held);
    await filled(database, four, sagas);
    const db = new Database(database);
    db.exec('UPDATE sagas SET ended_at = ended_at - 60000 WHERE ended_at IS NOT NULL');
    db.close();
  };
  const use = async ({ backstep, database }: Engine): Promise<number> => {
    const db = new Database(database, { readonly: true });
    const old = db.prepare("SELECT count(*) FROM sagas WHERE type = 'chain4'").pluck();
    const startMs = performance.now();
    const fresh = startFresh(backstep);
    while ((old.get() as number) > 0) await pause(POLL_MS);
    const us = ((performance.now() - startMs) * 1_000) / (sagas + held);
    const freshMs = await fresh.stop();
    db.close();
    return read(us, freshMs);
  };
  const options = { keepEndedFor: '20s' } as const;
  return withEngine([child, parentOf, four, chainOf(1)], nothing, use, { prefill, options });
}

/** Starts one saga after the other; gives how long each took. */
function startFresh(backstep: Backstep) {
  const tookMs: number[] = [];
  const stopping = new AbortController();
  const running = (async () => {
    while (!stopping.signal.aborted) {
      const startMs = performance.now();
      const { id } = await backstep.spawn('chain1', { input: {} });
      await backstep.saga(id).settled();
      tookMs.push(performance.now() - startMs);
      await pause(POLL_MS);
    }
  })();
  const stop = async (): Promise<readonly number[]> => {
    stopping.abort();
    await running;
    return tookMs;
  };
  return { stop };
}

function storm(definition: WideSaga, sagas: number, work: () => unknown): Promise<number> {
  const prefill = async (database: string): Promise<void> => {
    await filled(database, definition, sagas);
    const db = new Database(database);
    db.exec('UPDATE sagas SET wake_at = (SELECT wake_at FROM sagas WHERE sid = 1)');
    db.close();
    await pause(1_000);
  };
  const use = async ({ backstep }: Engine): Promise<number> => {
    const fresh = startFresh(backstep);
    const ended = async () => (await backstep.read.statusCounts(definition.id)).completed ?? 0;
    while ((await ended()) < sagas) await pause(100);
    return quantile(await fresh.stop(), 0.99);
  };
  return withEngine([definition, chainOf(1)], work, use, { prefill });
}

function perTick(senders: number): Promise<number> {
  return withEngine([ticking], nothing, async ({ backstep }) => {
    const { id } = await backstep.spawn(ticking.id, { input: {} });
    const ask = (count: number): Promise<void> =>
      many(count, senders, async () => void (await backstep.saga(id).send({ type: 'tick' })));
    const { batches } = backstep.store.stats();
    await ask(TICKS);
    return backstep.store.stats().batches - batches;
  });
}

function memoryOfWaiting(sagas: number): Promise<number> {
  return withEngine([waiting], nothing, async ({ backstep }) => {
    const spawn = async (): Promise<void> => void (await backstep.spawn(waiting.id, { input: {} }));
    await many(100, 100, spawn);
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    await many(sagas - 100, 256, spawn);
    collectGarbage();
    return (process.memoryUsage().heapUsed - before) / (sagas - 100);
  });
}

function perSettled(sagas: number): Promise<number> {
  return withEngine([waiting], nothing, async ({ backstep }) => {
    const ids: string[] = [];
    await many(sagas, 256, async () => {
      ids.push((await backstep.spawn(waiting.id, { input: {} })).id);
    });
    const look = (from: number): Promise<unknown> =>
      Promise.all(
        ids.slice(from, from + 1_500).map((id) => backstep.saga(id).settled({ within: '1ms' })),
      );
    await look(0);
    return (await cpuUs(async () => void (await look(1_500)))) / 1_500;
  });
}
