/** What a restart of the engine keeps: work in flight, due times, keys. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TransientError } from '../../../src/core/failure.ts';
import { EngineHarness } from '../engine-harness.ts';
import { recordedActivities, type TripActivities, tripSaga } from '../trip-saga.ts';

let engine: EngineHarness<TripActivities>;

beforeEach(() => {
  engine = new EngineHarness(tripSaga);
});

afterEach(() => engine.dispose());

const never = (): Promise<never> => new Promise(() => {});
const start = () => engine.backstep.spawn('trip', { input: { trip: 't1' } });

test('an attempt in flight starts again with the same key, counted', async () => {
  const keys: string[] = [];
  const note = (key: string) => keys.push(key);
  const hanging = recordedActivities({
    charge: (_, { key }) => {
      note(key);
      return never();
    },
  });
  await engine.open(hanging.activities);
  const { id } = await start();
  await engine.seen((entry) => entry.to === 'forward.charge.running');
  await engine.stop();

  const working = recordedActivities({
    charge: (_, { key }) => {
      note(key);
      return { receipt: 'paid' };
    },
  });
  const backstep = await engine.open(working.activities);
  expect((await backstep.saga(id).settled({ within: 10_000 })).status).toBe('completed');
  expect(keys).toEqual([`${id}/charge/forward/1`, `${id}/charge/forward/1`]);
  const { items } = await backstep.read.transitions(id, { limit: 50, cursor: null });
  expect(items.filter((entry) => entry.kind === 'note').map((entry) => entry.cause)).toEqual([
    'interrupted',
  ]);
});

test('an engine that is started twice at once takes up an attempt once', async () => {
  await engine.open(recordedActivities({ charge: never }).activities);
  await start();
  await engine.seen((entry) => entry.to === 'forward.charge.running');
  await engine.stop();

  const backstep = await engine.openBare();
  const keys: string[] = [];
  const { activities } = recordedActivities({
    charge: (_, { key }) => {
      keys.push(key);
      return never();
    },
  });
  backstep.register(tripSaga, { activities });
  await Promise.all([backstep.start(), backstep.start()]);
  await backstep.start();
  expect(keys).toHaveLength(1);
  const stopping = backstep.stop({ within: 0 });
  engine.clock.advance(0);
  await stopping;
});

test('a retry delay keeps its original due time', async () => {
  const busy = recordedActivities({
    charge: () => {
      throw new TransientError('busy', 'try again');
    },
  });
  await engine.open(busy.activities);
  const { id } = await start();
  await engine.seen((entry) => entry.to === 'forward.charge.retrying');
  const dueMs = (await engine.backstep.saga(id).state())?.steps.at(-1)?.nextAttemptAtMs ?? 0;
  await engine.stop();

  engine.clock.advance(400);
  const backstep = await engine.open(recordedActivities().activities);
  expect((await backstep.saga(id).state())?.steps.at(-1)?.nextAttemptAtMs).toBe(dueMs);
  engine.clock.advance(dueMs - engine.clock.nowMs() - 1);
  expect((await backstep.saga(id).state())?.status).toBe('running');
  engine.clock.advance(1);
  expect((await backstep.saga(id).settled({ within: 10_000 })).status).toBe('completed');
});

test('a deadline that passed while the process was down compensates at once', async () => {
  await engine.open(recordedActivities({ charge: never }).activities);
  const { id } = await start();
  await engine.seen((entry) => entry.to === 'forward.charge.running');
  await engine.stop();

  engine.clock.advance(61 * 86_400_000);
  const backstep = await engine.open(recordedActivities({ charge: never }).activities);
  expect((await backstep.saga(id).settled({ within: 10_000 })).status).toBe('compensated');
  expect((await backstep.saga(id).state())?.failureReason?.code).toBe('deadline');
});

test('a sixty-day timer fires on its day and not before', async () => {
  await engine.open(recordedActivities({ charge: never }).activities);
  const backstep = engine.backstep;
  const { id } = await start();
  await engine.seen((entry) => entry.to === 'forward.charge.running');
  // Attempts time out and are tried again until the budget is spent unless the clock just jumps.
  engine.clock.jumpTo(engine.clock.nowMs() + 59 * 86_400_000);
  engine.clock.advance(1_000);
  expect((await backstep.saga(id).state())?.failureReason).toBeNull();
  engine.clock.jumpTo(engine.clock.nowMs() + 86_400_000);
  engine.clock.advance(1_000);
  expect((await backstep.saga(id).settled({ within: 10_000 })).status).toBe('compensated');
});

test('a clock set back delays what is due, and fires it once', async () => {
  const busy = recordedActivities({
    hold: (_, { attempt }) => {
      if (attempt === 1) throw new TransientError('busy', 'try again');
      return { receipt: 'held' };
    },
  });
  const backstep = await engine.open(busy.activities);
  const { id } = await start();
  await engine.seen((entry) => entry.to === 'forward.hold.retrying');
  engine.clock.jumpTo(engine.clock.nowMs() - 3_600_000);
  engine.clock.advance(10_000);
  expect((await backstep.saga(id).state())?.status).toBe('running');
  engine.clock.advance(3_600_000);
  expect((await backstep.saga(id).settled({ within: 10_000 })).status).toBe('completed');
  expect(engine.lines.filter((entry) => entry.cause === 'timer')).toHaveLength(1);
});

test('an event nobody acknowledged is delivered again', async () => {
  const reached = Promise.withResolvers<void>();
  await engine.open(recordedActivities().activities, {
    subscribers: {
      'trip.completed': () => {
        reached.resolve();
        throw new Error('not now');
      },
    },
  });
  await start();
  await reached.promise;
  await engine.stop();

  const taken = Promise.withResolvers<string>();
  await engine.open(recordedActivities().activities, {
    subscribers: { 'trip.completed': (event) => taken.resolve(event.type) },
  });
  expect(await taken.promise).toBe('trip.completed');
});
