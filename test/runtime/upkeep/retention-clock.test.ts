/** A clock that was set wrongly removes nothing: what is gone would be gone for good. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EngineHarness } from '../engine-harness.ts';
import { recordedActivities, type TripActivities, tripSaga } from '../trip-saga.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const page = { limit: 200, cursor: null };
const SETTINGS = { keepEndedFor: '30d' } as const;

let engine: EngineHarness<TripActivities>;
const warnings: string[] = [];
const logger = {
  debug: () => {},
  info: () => {},
  warn: (_: object, message: string) => {
    if (message.includes('no ended saga')) warnings.push(message);
  },
  error: () => {},
  fatal: () => {},
  isLevelEnabled: (level: string) => level === 'warn',
};

beforeEach(async () => {
  warnings.length = 0;
  engine = new EngineHarness(tripSaga);
  await open();
  for (const trip of ['a', 'b', 'c']) {
    const { id } = await engine.backstep.spawn('trip', { input: { trip }, key: trip });
    await engine.backstep.saga(id).settled({ within: 1e9 });
  }
});

afterEach(() => engine.dispose());

const open = () => engine.open(recordedActivities().activities, { ...SETTINGS, logger });
const kind = (): string => engine.backstep.retention.state().kind;
const setClock = (byMs: number): void => engine.clock.jumpTo(engine.clock.nowMs() + byMs);

async function sagas(): Promise<number> {
  return (await engine.backstep.read.listSagas({}, page)).items.length;
}

/** Looks at what is old enough, as they come in that time. */
async function runs(durationMs: number, stepMs = HOUR_MS): Promise<void> {
  for (let passedMs = 0; passedMs < durationMs; passedMs += stepMs) {
    engine.clock.advance(stepMs);
    await new Promise(setImmediate); // whatever a look asks of memory is answered by then
  }
}

describe('a clock that is set 400 days ahead', () => {
  test('for a minute removes nothing, then or later', async () => {
    setClock(400 * DAY_MS);
    await runs(MINUTE_MS, MINUTE_MS);
    expect(kind()).toBe('held');
    setClock(-400 * DAY_MS);
    await runs(26 * HOUR_MS);
    expect(await sagas()).toBe(3);
    expect(kind()).toBe('removing');
    expect(warnings).toEqual([
      expect.stringContaining('the clock was set: no ended saga is removed for a day'),
      expect.stringContaining('the clock was set'),
    ]);
  });

  test('for good removes what is old by it once a day has passed', async () => {
    setClock(400 * DAY_MS);
    await runs(23 * HOUR_MS);
    expect([kind(), await sagas()]).toEqual(['held', 3]);
    await runs(2 * HOUR_MS);
    expect([kind(), await sagas()]).toEqual(['removing', 1]);
  });

  test('and found right by a person removes at once', async () => {
    setClock(400 * DAY_MS);
    await runs(MINUTE_MS, MINUTE_MS);
    expect([kind(), await sagas()]).toEqual(['held', 3]);
    await engine.backstep.retention.resume('ada');
    await runs(2 * MINUTE_MS, MINUTE_MS);
    expect([kind(), await sagas()]).toEqual(['removing', 1]);
  });

  test('is remembered over restarts, with the time that is left to an hour', async () => {
    setClock(400 * DAY_MS);
    await runs(10 * HOUR_MS);
    await engine.stop();
    await open();
    await runs(MINUTE_MS, MINUTE_MS);
    expect(kind()).toBe('held');
    await runs(13 * HOUR_MS);
    expect([kind(), await sagas()]).toEqual(['held', 3]);
    await runs(3 * HOUR_MS);
    expect([kind(), await sagas()]).toEqual(['removing', 1]);
  });

  test('while no process runs is noticed at the start, by the journal', async () => {
    await engine.stop();
    setClock(400 * DAY_MS);
    await open();
    await runs(MINUTE_MS, MINUTE_MS);
    expect([kind(), await sagas()]).toEqual(['held', 3]);
    expect(warnings).toEqual([expect.stringContaining('far from the newest entry: no ended saga')]);
  });
});

test('a clock that is set a little, again and again, is noticed as well', async () => {
  for (let step = 0; step < 10; step++) {
    setClock(20 * MINUTE_MS);
    await runs(MINUTE_MS, MINUTE_MS);
  }
  expect(kind()).toBe('held');
});

test('time that passes, asleep or awake, is no jump', async () => {
  engine.clock.sleep(31 * DAY_MS);
  await runs(3 * MINUTE_MS, MINUTE_MS);
  expect([kind(), await sagas()]).toEqual(['removing', 1]);
  expect(warnings).toEqual([]);
});
