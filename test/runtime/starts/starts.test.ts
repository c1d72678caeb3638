/** When an accepted saga begins: at once, at its time, or when there is a place for it. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { recordOfLine, replay } from '../../../src/core/history/replay.ts';
import { pendingStartOf } from '../../../src/core/turn/waiting-room.ts';
import { EngineHarness } from '../engine-harness.ts';
import { recordedActivities, type TripActivities, tripSaga } from '../trip-saga.ts';

let engine: EngineHarness<TripActivities>;

beforeEach(() => {
  engine = new EngineHarness(tripSaga);
});

afterEach(() => engine.dispose());

const DAY_MS = 86_400_000;
const input = { trip: 't1' };

describe('a delayed start', () => {
  test('is visible as waiting and begins at its time, not before', async () => {
    const { activities, calls } = recordedActivities();
    const backstep = await engine.open(activities);
    const startAtMs = engine.clock.nowMs() + 3_000;
    const { id, status } = await backstep.spawn('trip', { input, delay: '3s' });
    expect(status).toBe('waiting');
    const waiting = await backstep.saga(id).state();
    expect(waiting === null ? null : pendingStartOf(waiting)).toEqual({
      kind: 'scheduled',
      startAtMs,
    });
    engine.clock.advance(2_999);
    await new Promise(setImmediate);
    expect(calls).toEqual([]);
    engine.clock.advance(1);
    expect((await backstep.saga(id).settled({ within: 1e9 })).status).toBe('completed');
    expect(engine.lines.map(({ cause, from, to }) => [cause, from, to]).slice(0, 2)).toEqual([
      ['start', null, 'scheduled'],
      ['timer', 'scheduled', 'forward.hold.running'],
    ]);
    const { items } = await backstep.read.transitions(id, { limit: 50, cursor: null });
    expect(replay(tripSaga, id, items.map(recordOfLine)).flaw).toBeNull();
  });

  test('keeps its time over a restart, and its key', async () => {
    await engine.open(recordedActivities().activities);
    const startAt = new Date(engine.clock.nowMs() + 90 * DAY_MS);
    const { id } = await engine.backstep.spawn('trip', { input, key: 'k', startAt });
    await engine.stop();
    engine.clock.advance(60 * DAY_MS);

    await engine.open(recordedActivities().activities);
    const again = await engine.backstep.spawn('trip', { input, key: 'k' });
    expect(again).toEqual({ id, status: 'waiting', isNew: false, isRemoved: false });
    const other = engine.backstep.spawn('trip', { input: { trip: 'other' }, key: 'k' });
    await expect(other).rejects.toMatchObject({ code: 'conflict' });
    await engine.stop();
    // The deadline of the saga, 60 days, runs from its beginning and not from its acceptance.
    engine.clock.advance(30 * DAY_MS);

    const backstep = await engine.open(recordedActivities().activities);
    engine.clock.advance(1_000);
    expect((await backstep.saga(id).settled({ within: 1e9 })).status).toBe('completed');
  });

  test('can be cancelled before its time, and then nothing was done', async () => {
    const { activities, calls } = recordedActivities();
    const backstep = await engine.open(activities);
    const { id } = await backstep.spawn('trip', { input, delay: '1d' });
    const state = await backstep.saga(id).state();
    expect(state === null ? [] : backstep.legalCommands(state)).toEqual([
      'pause',
      'cancel',
      'terminate',
    ]);
    await backstep.saga(id).command({ name: 'cancel' });
    expect((await backstep.saga(id).settled({ within: 1e9 })).status).toBe('compensated');
    engine.clock.advance(2 * DAY_MS);
    await new Promise(setImmediate);
    expect(calls).toEqual([]);
  });

  test('that makes no sense is refused with the option', async () => {
    const backstep = await engine.open(recordedActivities().activities);
    for (const [options, message] of NONSENSE) {
      const start = backstep.spawn('trip', { input, ...(options as object) });
      await expect(start).rejects.toMatchObject({
        code: 'input-invalid',
        message: expect.stringContaining(message) as unknown,
      });
    }
  });

  const NONSENSE = [
    [{ delay: '3 weeks' }, 'delay is not a duration; write for example'],
    [{ startAt: new Date('soon') }, 'startAt is not a time'],
    [{ startAt: 0, delay: '3s' }, 'delay cannot be given together with startAt'],
    [{ delay: '36500d' }, 'delay is more than ten years ahead'],
  ] as const;

  test('in the past begins at once', async () => {
    const backstep = await engine.open(recordedActivities().activities);
    const { id, status } = await backstep.spawn('trip', { input, startAt: 1 });
    expect(status).toBe('running');
    expect((await backstep.saga(id).settled({ within: 1e9 })).status).toBe('completed');
  });
});

describe('a type with a bound', () => {
  type Answer = { readonly receipt: string };

  /** Sagas that hold their place until they are told to go on. */
  function holding() {
    const begun: string[] = [];
    const answers = new Map<string, (answer: Answer) => void>();
    const { activities } = recordedActivities({
      hold: ({ trip }) => {
        begun.push(trip);
        return new Promise<Answer>((resolve) => answers.set(trip, resolve));
      },
    });
    const finish = (trip: string): void => answers.get(trip)?.({ receipt: trip });
    return { begun, activities, finish };
  }

  const spawn = async (trip: string) =>
    (await engine.backstep.spawn('trip', { input: { trip }, key: trip })).id;

  const begins = (id: string) =>
    engine.seen((line) => line.sagaId === id && line.to === 'forward.hold.running');

  test('lets sagas in first come, first served, as others end', async () => {
    const { begun, activities, finish } = holding();
    const backstep = await engine.open(activities, { concurrency: 2 });
    const ids = [];
    for (const trip of ['a', 'b', 'c', 'd', 'e']) ids.push(await spawn(trip));
    const [a = '', b = '', c = '', d = '', e = ''] = ids;
    expect(begun).toEqual(['a', 'b']);
    expect(backstep.startQueue('trip')).toMatchObject({ limit: 2, active: 2, queued: 3 });
    expect(await backstep.read.pendingStart(a)).toBeNull();
    expect(await backstep.read.pendingStart(d)).toEqual({ startAtMs: null, position: 2 });
    expect((await backstep.saga(d).state())?.status).toBe('waiting');

    await backstep.saga(d).command({ name: 'cancel' });
    expect(await backstep.read.pendingStart(e)).toEqual({ startAtMs: null, position: 2 });
    finish('b');
    await backstep.saga(b).settled({ within: 1e9 });
    await begins(c);
    finish('a');
    await begins(e);
    expect(begun).toEqual(['a', 'b', 'c', 'e']);
    expect(backstep.startQueue('trip')).toMatchObject({ active: 2, queued: 0 });
    expect(await backstep.read.startQueues()).toEqual([]);
  });

  test('keeps its queue and its order over a restart', async () => {
    const first = holding();
    await engine.open(first.activities, { concurrency: 1 });
    const ids = [];
    for (const trip of ['a', 'b', 'c']) ids.push(await spawn(trip));
    const [a = '', b = '', c = ''] = ids;
    await engine.stop();

    const { begun, activities, finish } = holding();
    const backstep = await engine.open(activities, { concurrency: 1 });
    expect(backstep.startQueue('trip')).toMatchObject({ active: 1, queued: 2 });
    while (begun.length < 1) await new Promise(setImmediate);
    finish('a');
    await backstep.saga(a).settled({ within: 1e9 });
    await begins(b);
    expect(begun).toEqual(['a', 'b']);
    expect(await backstep.read.pendingStart(c)).toEqual({ startAtMs: null, position: 1 });
    finish('b');
    await begins(c);
  });

  test('that is no longer bounded lets everybody in', async () => {
    await engine.open(holding().activities, { concurrency: 1 });
    const ids = [];
    for (const trip of ['a', 'b', 'c']) ids.push(await spawn(trip));
    await engine.stop();
    const backstep = await engine.open(recordedActivities().activities);
    for (const id of ids)
      expect((await backstep.saga(id).settled({ within: 1e9 })).status).toBe('completed');
  });

  test('counts a delayed start from its time on', async () => {
    const { begun, activities, finish } = holding();
    const backstep = await engine.open(activities, { concurrency: 1 });
    const { id } = await backstep.spawn('trip', { input: { trip: 'late' }, delay: '1s' });
    await spawn('a');
    expect(await backstep.read.startQueues()).toEqual([{ type: 'trip', queued: 0, scheduled: 1 }]);
    engine.clock.advance(1_000);
    await engine.seen((line) => line.sagaId === id && line.to === 'queued');
    expect(begun).toEqual(['a']);
    finish('a');
    await begins(id);
    expect(begun).toEqual(['a', 'late']);
  });

  test('refuses what its queue cannot hold, before acceptance', async () => {
    const { activities } = holding();
    await engine.open(activities, { concurrency: { limit: 1, maxQueued: 1 } });
    await spawn('a');
    await spawn('b');
    await expect(spawn('c')).rejects.toMatchObject({ code: 'overloaded', retryAfterMs: 5_000 });
    expect(await engine.backstep.read.startQueues()).toMatchObject([{ queued: 1 }]);
  });

  test('counts starts under way as well, so that many at once fill its queue and no more', async () => {
    const { activities } = holding();
    await engine.open(activities, { concurrency: { limit: 1, maxQueued: 2 } });
    const asked = await Promise.allSettled(['a', 'b', 'c', 'd', 'e', 'f'].map(spawn));
    expect(asked.filter(({ status }) => status === 'rejected')).toHaveLength(3);
    expect(await engine.backstep.read.startQueues()).toMatchObject([{ queued: 2 }]);
  });

  test('gives room in its queue back that a start did not take', async () => {
    const { activities } = holding();
    const backstep = await engine.open(activities, { concurrency: { limit: 1, maxQueued: 1 } });
    await backstep.spawn('trip', { input: { trip: 'a' }, key: 'a' });
    for (let times = 0; times < 3; times++) {
      const again = await backstep.spawn('trip', { input: { trip: 'a' }, key: 'a' });
      expect(again.isNew).toBe(false);
    }
    await spawn('b');
    await expect(spawn('c')).rejects.toMatchObject({ code: 'overloaded' });
  });
});
