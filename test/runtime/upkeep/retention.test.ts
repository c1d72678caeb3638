/** Sagas that ended long ago are removed; what must outlive them stays. */
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PermanentError } from '../../../src/core/failure.ts';
import type { Store } from '../../../src/store/store.ts';
import { EngineHarness } from '../engine-harness.ts';
import { accountSaga, type CustomerActivities, customerSaga } from '../outside/family-sagas.ts';
import { recordedActivities, type TripActivities, tripSaga } from '../trip-saga.ts';
import { withMethods } from '../with-methods.ts';

const DAY_MS = 86_400_000;
const page = { limit: 200, cursor: null };

let engine: EngineHarness<TripActivities>;

beforeEach(() => {
  engine = new EngineHarness(tripSaga);
});

afterEach(() => engine.dispose());

const never = (): Promise<never> => new Promise(() => {});
const spawn = async (trip: string): Promise<string> =>
  (await engine.backstep.spawn('trip', { input: { trip }, key: trip })).id;

async function completed(trips: readonly string[]): Promise<readonly string[]> {
  const ids = await Promise.all(trips.map(spawn));
  for (const id of ids) await engine.backstep.saga(id).settled({ within: 1e9 });
  return ids;
}

/** The wall clock jumps, rightly so, then goes on until only so many sagas are there. */
async function timePasses(durationMs: number, left: number): Promise<void> {
  await jump(engine, durationMs);
  while ((await engine.backstep.read.listSagas({}, page)).items.length > left) {
    engine.clock.advance(1_000);
    await new Promise(setImmediate);
  }
}

/** A person says that the clock is right now. */
async function jump({ clock, backstep }: Harness, durationMs: number): Promise<void> {
  clock.jumpTo(clock.nowMs() + durationMs);
  await backstep.retention.resume('ada');
}

type Harness = Pick<EngineHarness<never>, 'clock' | 'backstep'>;

async function rowsOf(query: string): Promise<readonly unknown[]> {
  return (await sql.raw(query).execute(engine.backstep.store.reader())).rows;
}

test('ended sagas go after their time with their journal; their start keys stay', async () => {
  await engine.open(recordedActivities().activities, { keepEndedFor: '2d' });
  const [old = ''] = await completed(['old']);
  await jump(engine, DAY_MS);
  const [young = ''] = await completed(['young']);
  await timePasses(DAY_MS + 1, 1);
  expect(await engine.backstep.saga(old).state()).toBeNull();
  expect(await engine.backstep.read.saga(young)).not.toBeNull();
  expect((await engine.backstep.read.transitions(old, page)).items).toEqual([]);
  expect(await rowsOf('SELECT DISTINCT sid FROM journal')).toEqual([{ sid: 2 }]);
  expect(await engine.backstep.spawn('trip', { input: { trip: 'old' }, key: 'old' })).toMatchObject(
    {
      id: old,
      isNew: false,
    },
  );
  const other = engine.backstep.spawn('trip', { input: { trip: 'other' }, key: 'old' });
  await expect(other).rejects.toMatchObject({ code: 'conflict' });
});

test('a start repeated after that is told how its saga ended, and so is who waits for it', async () => {
  const refused = (): never => {
    throw new PermanentError('no', 'no');
  };
  const { activities } = recordedActivities({ charge: refused });
  const backstep = await engine.open(activities, { keepEndedFor: '1d' });
  const id = await spawn('turned back');
  expect((await backstep.saga(id).settled({ within: 1e9 })).status).toBe('compensated');
  await spawn('newest');
  await timePasses(2 * DAY_MS, 1);
  expect(await backstep.saga(id).state()).toBeNull();
  const again = { input: { trip: 'turned back' }, key: 'turned back' };
  const removed = { id, isNew: false, isRemoved: true };
  expect(await backstep.spawn('trip', again)).toEqual({ ...removed, status: 'compensated' });
  const ended = { status: 'removed', endedAs: 'compensated' };
  expect(await backstep.saga(id).settled()).toEqual(ended);
  expect(await backstep.saga(id).waitFor(() => true)).toBeNull();
  const nobody = backstep.saga('nobody');
  await expect(nobody.settled()).rejects.toMatchObject({ code: 'not-found' });

  // As a version left it that did not keep how sagas ended: nothing is claimed.
  const forgets = { sql: 'UPDATE start_keys SET final_status = NULL', parameters: [] };
  await engine.backstep.store.write([forgets]);
  await engine.stop();
  await engine.open(activities);
  const unknown = await engine.backstep.spawn('trip', again);
  expect(unknown).toEqual({ ...removed, status: 'removed' });
  expect(await unknown.settled()).toEqual({ status: 'removed', endedAs: null });
  await expect(
    engine.backstep
      .saga(id)
      .settled({ within: 1e9 })
      .then(({ status }) => status),
  ).rejects.toMatchObject({ code: 'not-found' });
});

test('no number is used twice: ids and the journal count on after a restart', async () => {
  await engine.open(recordedActivities().activities, { keepEndedFor: '1d' });
  await completed(['a', 'b', 'c']);
  const [last] = await rowsOf('SELECT max(seq) AS seq FROM journal');
  await timePasses(2 * DAY_MS, 1);
  await engine.stop();
  await engine.open(recordedActivities().activities);
  const id = await spawn('d');
  await engine.backstep.saga(id).settled({ within: 1e9 });
  expect(await rowsOf(`SELECT sid FROM sagas WHERE id = '${id}'`)).toEqual([{ sid: 4 }]);
  const { seq } = last as { seq: number };
  const [next] = await rowsOf('SELECT min(seq) AS seq FROM journal WHERE sid = 4');
  expect(next).toEqual({ seq: seq + 1 });
});

test('a saga that is under way, needs a person or has a message on its way stays', async () => {
  const refused = (): never => {
    throw new PermanentError('broken', 'broken for good');
  };
  const { activities } = recordedActivities({
    charge: ({ trip }) => {
      if (trip === 'busy') return never();
      return trip === 'stuck' ? refused() : { receipt: 'paid' };
    },
    release: refused,
  });
  const subscribers = { 'trip.completed': () => Promise.reject(new Error('not now')) };
  const backstep = await engine.open(activities, { keepEndedFor: '1d', subscribers });
  const busy = await spawn('busy');
  const stuck = await spawn('stuck');
  expect((await backstep.saga(stuck).settled({ within: 1e9 })).status).toBe('compensation_failed');
  await completed(['told', 'newest']);
  await jump(engine, 3 * DAY_MS);
  await looksPass(engine);
  const ids = (await backstep.read.listSagas({}, page)).items.map(({ id }) => id);
  expect(ids).toEqual(expect.arrayContaining([busy, stuck]));
  expect(ids).toHaveLength(4);

  // Resolved, it is over: its saga goes in time, its dead letter stays.
  await backstep.saga(stuck).command({ name: 'terminate' });
  await completed(['later']); // whoever has the last line of the journal stays
  await timePasses(3 * DAY_MS, 4);
  expect(await backstep.saga(stuck).state()).toBeNull();
  expect(await rowsOf('SELECT kind FROM dead_letters WHERE sid = 2')).toHaveLength(1);
});

/** Time for some looks at what is old enough. */
async function looksPass({ clock }: { readonly clock: EngineHarness<never>['clock'] }) {
  for (let look = 0; look < 10; look++) {
    clock.advance(10_000);
    await new Promise(setImmediate);
  }
}

test('many go in batches that grow while there are more, so far that no commit waits for long', async () => {
  const batches: number[] = [];
  const wrapStore = (store: Store): Store =>
    withMethods(store, {
      write: (statements) => {
        batches.push(statements[0]?.parameters.length ?? 0);
        return store.write(statements);
      },
    });
  await engine.open(recordedActivities().activities, { keepEndedFor: '1d', wrapStore });
  await completed(Array.from({ length: 560 }, (_, n) => `t${n}`));
  await timePasses(2 * DAY_MS, 1);
  expect(batches).toEqual([50, 100, 200, 200, 9]);
  await completed(Array.from({ length: 60 }, (_, n) => `later${n}`));
  await timePasses(2 * DAY_MS, 1);
  expect(batches.slice(5)).toEqual([50, 10]);
});

test('a child stays for as long as its parent may have to ask for it', async () => {
  const family = new EngineHarness<CustomerActivities>(customerSaga);
  const all = { open: () => ({ iban: 'AT1' }), close: () => null, remove: () => null };
  await family.open(
    { ...all, welcome: never },
    {
      keepEndedFor: '1d',
      also: (backstep) => backstep.register(accountSaga, { activities: all }),
    },
  );
  const { id } = await family.backstep.spawn('customer', { input: { name: 'Ada' } });
  const child = `${id}.account.1`;
  await family.seen((line) => line.sagaId === child && line.to === 'checking');
  await family.backstep.saga(child).send({ type: 'approve' });
  await family.seen((line) => line.sagaId === id && line.to === 'welcoming');
  await jump(family, 3 * DAY_MS);
  await looksPass(family);
  expect((await family.backstep.saga(child).state())?.status).toBe('completed');
  await family.dispose();
});
