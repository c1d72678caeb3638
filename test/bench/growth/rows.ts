/**
 * What has to stay flat: each row measures the cost of one unit at several sizes.
 *
 * Cost is processor time of this process where it can be, which other work on the machine disturbs
 * least.
 */
import { setTimeout as pause } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { cpuUs, many, withEngine } from './engine.ts';
import { type Row, STANDING_ROWS } from './standing-rows.ts';
import { chainOf, child, familyOf, fanOf, waiting, type WideSaga } from './wide-sagas.ts';

const WITHIN = '60s';
const AT_ONCE = 16;
const EVENTS = 1_500;

export const ROWS: readonly Row[] = [
  {
    name: 'a step of a saga of n steps',
    unit: 'us CPU',
    sizes: [4, 20, 100, 200],
    goal: 1.3,
    measure: (steps) => perUnit(chainOf(steps), { sagas: 2_000 / steps, units: steps }),
  },
  {
    name: 'a branch of n side by side',
    unit: 'us CPU',
    sizes: [10, 50, 100],
    goal: 1.5,
    measure: (branches) => perUnit(fanOf(branches), { sagas: 500 / branches, units: branches }),
  },
  {
    name: 'a branch of 100 that end in any order, after n sagas',
    unit: 'us CPU',
    sizes: [5, 60],
    goal: 1.3,
    measure: (before) =>
      perUnit(fanOf(100), { sagas: 5, units: 100, warm: before, work: inAnyOrder }),
  },
  {
    name: 'journal of a branch of n side by side',
    unit: 'bytes',
    sizes: [10, 50, 100],
    goal: 1.5,
    measure: journalPerBranch,
  },
  {
    name: 'a child of n side by side',
    unit: 'us CPU',
    sizes: [10, 50, 200],
    goal: 1.5,
    measure: (children) =>
      perUnit(familyOf(children), { sagas: 400 / children, units: children, atOnce: 1 }),
  },
  {
    name: 'a saga of 4 steps whose results have n bytes',
    unit: 'us CPU',
    sizes: [100, 1_000, 10_000],
    goal: 2,
    measure: (bytes) =>
      perUnit(chainOf(4), { sagas: 300, units: 1, work: () => ({ body: 'r'.repeat(bytes) }) }),
  },
  {
    name: 'an event to one of n sagas that wait',
    unit: 'us CPU',
    sizes: [4_000, 12_000],
    goal: 1.5,
    measure: perEvent,
  },
  ...STANDING_ROWS,
];

const inAnyOrder = (): Promise<object> => pause(Math.random() * 20).then(() => ({}));

interface Load {
  readonly sagas: number;
  /** In a saga. */
  readonly units: number;
  /** Sagas before anything is measured. Default: a tenth of them. */
  readonly warm?: number;
  readonly atOnce?: number;
  readonly work?: () => unknown;
}

/** Processor time of a unit, in microseconds. */
async function perUnit(definition: WideSaga, load: Load): Promise<number> {
  const { units, atOnce = AT_ONCE, work = () => ({}) } = load;
  const sagas = Math.max(1, Math.round(load.sagas));
  const warm = load.warm ?? Math.ceil(sagas / 10);
  return withEngine([child, definition], work, async ({ backstep }) => {
    const run = async (): Promise<void> => {
      const { id } = await backstep.spawn(definition.id, { input: {} });
      const { status } = await backstep.saga(id).settled({ within: WITHIN });
      if (status !== 'completed') throw new Error(`nothing was measured: a saga is ${status}`);
    };
    await many(warm, atOnce, run);
    const us = await cpuUs(() => many(sagas, atOnce, run));
    return us / sagas / units;
  });
}

async function journalPerBranch(branches: number): Promise<number> {
  const definition = fanOf(branches);
  return withEngine(
    [definition],
    () => ({}),
    async ({ backstep, database }) => {
      const { id } = await backstep.spawn(definition.id, { input: {} });
      await backstep.saga(id).settled({ within: WITHIN });
      const db = new Database(database, { readonly: true });
      const bytes = db
        .prepare(
          `SELECT sum(length(from_state) + length(to_state) + length(coalesce(event, '')) + length(data))
         FROM journal`,
        )
        .pluck()
        .get() as number;
      db.close();
      return bytes / branches;
    },
  );
}

/** Waiting sagas beyond those that stay in memory are read for each event. */
function perEvent(sagas: number): Promise<number> {
  return withEngine(
    [waiting],
    () => ({}),
    async ({ backstep }) => {
      const ids: string[] = [];
      await many(sagas, 256, async () => {
        ids.push((await backstep.spawn(waiting.id, { input: {} })).id);
      });
      // The oldest first, which are the ones that had to make room.
      const ask = (from: number, count: number): Promise<void> =>
        many(count, 256, async (nth) => {
          await backstep.saga(ids[from + nth] ?? '').send({ type: 'go' });
        });
      await ask(0, EVENTS);
      return (await cpuUs(() => ask(EVENTS, EVENTS))) / EVENTS;
    },
  );
}
