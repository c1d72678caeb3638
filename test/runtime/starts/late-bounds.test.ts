/** A delayed start under a bound that came, or went, after it was accepted. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { defineSaga } from '../../../src/core/define/saga.ts';
import { recordOfLine, replay } from '../../../src/core/history/replay.ts';
import { examineDatabase } from '../../../src/host/upkeep/doctor.ts';
import { EngineHarness } from '../engine-harness.ts';
import { recordedActivities, type TripActivities, tripSaga } from '../trip-saga.ts';
import { resultOf } from '../upkeep/result-of.ts';

const tripInput = z.object({ trip: z.string() });

let engine: EngineHarness<TripActivities>;
let begun: string[];
let finish: (trip: string) => void;

beforeEach(() => {
  engine = new EngineHarness(tripSaga, { onDisk: true });
});
afterEach(() => engine.dispose());

/** Opens an engine whose sagas hold their place until they are told to go on. */
async function open(concurrency?: number): Promise<void> {
  const answers = new Map<string, () => void>();
  begun = [];
  finish = (trip) => answers.get(trip)?.();
  const { activities } = recordedActivities({
    hold: ({ trip }) => {
      begun.push(trip);
      return new Promise((resolve) => answers.set(trip, () => resolve({ receipt: trip })));
    },
  });
  await engine.open(activities, concurrency === undefined ? {} : { concurrency });
}

const spawn = async (trip: string, options: { readonly delay?: '1s' | '2s' } = {}) =>
  (await engine.backstep.spawn('trip', { input: { trip }, key: trip, ...options })).id;

const isAt = (id: string, place: string) =>
  engine.seen(({ sagaId, to }) => sagaId === id && to === place);
const begins = (id: string) => isAt(id, 'forward.hold.running');

async function expectReplayed(id: string): Promise<void> {
  const page = { limit: 50, cursor: null };
  const { items } = await engine.backstep.read.transitions(id, page);
  expect(replay(tripSaga, id, items.map(recordOfLine)).flaw).toBeNull();
}

test('waits for a place where the bound came after it was accepted', async () => {
  await open();
  const late = await spawn('late', { delay: '2s' });
  await engine.stop();

  await open(1);
  const { backstep } = engine;
  const a = await spawn('a');
  engine.clock.advance(2_000);
  await isAt(late, 'queued');
  expect(await backstep.read.pendingStart(late)).toEqual({ startAtMs: null, position: 1 });
  expect(backstep.startQueue('trip')).toMatchObject({ active: 1, queued: 1 });
  // One that comes now stands behind it.
  const b = await spawn('b');
  expect(await backstep.read.pendingStart(b)).toEqual({ startAtMs: null, position: 2 });
  await engine.stop();

  await open(1);
  expect(engine.backstep.startQueue('trip')).toMatchObject({ active: 1, queued: 2 });
  while (begun.length < 1) await new Promise(setImmediate);
  expect(begun).toEqual(['a']);
  finish('a');
  await engine.backstep.saga(a).settled({ within: 1e9 });
  await begins(late);
  expect(begun).toEqual(['a', 'late']);
  finish('late');
  await begins(b);
  await expectReplayed(late);
});

test('of several that fell due while nobody ran, as many begin as there are places', async () => {
  await open();
  const ids = [];
  for (const trip of ['a', 'b', 'c']) ids.push(await spawn(trip, { delay: '1s' }));
  await engine.stop();
  engine.clock.advance(60_000);

  await open(2);
  while (begun.length < 2) await new Promise(setImmediate);
  const waiting = ids.find((_, index) => !begun.includes('abc'.charAt(index))) ?? '';
  await isAt(waiting, 'queued');
  const { backstep } = engine;
  while (backstep.startQueue('trip')?.active !== 2) await new Promise(setImmediate);
  expect(begun).toHaveLength(2);
  expect(backstep.startQueue('trip')).toMatchObject({ active: 2, queued: 1 });
  finish(begun[0] ?? '');
  await begins(waiting);
  await engine.stop();

  const diagnosis = await resultOf(examineDatabase({ database: engine.database }, [tripSaga]));
  expect(diagnosis.findings).toEqual([]);
});

test('begins at its time where the bound is gone since', async () => {
  await open(1);
  const late = await spawn('late', { delay: '2s' });
  await engine.stop();

  await open();
  await spawn('a');
  engine.clock.advance(2_000);
  await begins(late);
  expect(begun).toEqual(['a', 'late']);
  await expectReplayed(late);
});

test('of a type that comes after the start is refused before the type is there', async () => {
  await open();
  const other = defineSaga({ id: 'other', input: tripInput, activities: {} as TripActivities })
    .step('hold', {
      input: () => ({ trip: 't' }),
      compensate: { activity: 'release', input: () => ({ trip: 't' }) },
    })
    .build();
  const { activities } = recordedActivities({});
  const { backstep } = engine;
  expect(() => backstep.register(other, { activities, concurrency: 1 })).toThrow('before start()');
  await expect(backstep.spawn('other', { input: { trip: 't' } })).rejects.toMatchObject({
    code: 'not-found',
  });
});
