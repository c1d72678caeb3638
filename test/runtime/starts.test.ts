/** When an accepted saga begins: at once, at its time, or when there is a place for it. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { recordOfLine, replay } from '../../src/core/replay.ts';
import { pendingStartOf } from '../../src/core/waiting-room.ts';
import { EngineHarness } from './engine-harness.ts';
import { recordedActivities, type TripActivities, tripSaga } from './trip-saga.ts';

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
    const waiting = await backstep.state(id);
    expect(waiting === null ? null : pendingStartOf(waiting)).toEqual({
      kind: 'scheduled',
      startAtMs,
    });
    engine.clock.advance(2_999);
    await new Promise(setImmediate);
    expect(calls).toEqual([]);
    engine.clock.advance(1);
    expect(await backstep.settled(id, 1e9)).toBe('completed');
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
    expect(again).toEqual({ id, status: 'waiting', isNew: false });
    const other = engine.backstep.spawn('trip', { input: { trip: 'other' }, key: 'k' });
    await expect(other).rejects.toMatchObject({ code: 'conflict' });
    await engine.stop();
    // The deadline of the saga, 60 days, runs from its beginning and not from its acceptance.
    engine.clock.advance(30 * DAY_MS);

    const backstep = await engine.open(recordedActivities().activities);
    engine.clock.advance(1_000);
    expect(await backstep.settled(id, 1e9)).toBe('completed');
  });

  test('can be cancelled before its time, and then nothing was done', async () => {
    const { activities, calls } = recordedActivities();
    const backstep = await engine.open(activities);
    const { id } = await backstep.spawn('trip', { input, delay: '1d' });
    const state = await backstep.state(id);
    expect(state === null ? [] : backstep.legalCommands(state)).toEqual([
      'pause',
      'cancel',
      'terminate',
    ]);
    await backstep.command(id, { name: 'cancel' });
    expect(await backstep.settled(id, 1e9)).toBe('compensated');
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
    expect(await backstep.settled(id, 1e9)).toBe('completed');
  });
});
