/** Alerts over a real engine: what is told, how often, and that it is over. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PermanentError, TransientError } from '../../../src/core/failure.ts';
import type {
  Alert,
  AlertCondition,
  AlertFunction,
  AlertOptions,
} from '../../../src/host/alerts/alert-options.ts';
import { EngineHarness } from '../engine-harness.ts';
import { recordedActivities, type TripActivities, tripSaga } from '../trip-saga.ts';

let engine: EngineHarness<TripActivities>;
/** Every alert that was handed over, by its id: at least once. */
let told: { id: string; alert: Alert }[];
let isDeaf: boolean;

beforeEach(() => {
  engine = new EngineHarness(tripSaga);
  told = [];
  isDeaf = false;
});

afterEach(() => engine.dispose());

const take: AlertFunction = (alert, { id }) => {
  if (isDeaf) throw new Error('nobody is here');
  told.push({ id, alert });
};

function alertsOf(when: AlertCondition, more: Partial<AlertOptions> = {}): AlertOptions {
  return { rules: [{ name: 'rule', when }], targets: { desk: take }, gather: '5s', ...more };
}

const declines = {
  charge: () => {
    throw new PermanentError('declined', 'no money');
  },
  release: () => {
    throw new PermanentError('shut', 'the hotel is shut; password=hunter2');
  },
};

async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 500) {
    engine.clock.advance(500);
    for (let turn = 0; turn < 12; turn += 1) await new Promise(setImmediate);
  }
}

const texts = (): string[] => told.map(({ alert }) => `${alert.type} ${alert.data.summary}`);
const spawn = async (trip: string): Promise<string> => {
  const { id } = await engine.backstep.spawn('trip', { input: { trip } });
  return id;
};

async function givenUp(count: number): Promise<string[]> {
  const ids = await Promise.all(Array.from({ length: count }, (_, index) => spawn(`t-${index}`)));
  await Promise.all(ids.map((id) => engine.backstep.saga(id).settled()));
  return ids;
}

const openings = (): Alert[] => told.map(({ alert }) => alert);

describe('dead letters', () => {
  const options = alertsOf({ kind: 'dead-letter' });

  it('of one cause are one alert with their number, and one more when all are settled', async () => {
    await engine.open(recordedActivities(declines).activities, { alerts: options });
    const ids = await givenUp(500);
    await pass(8_000);
    expect(openings()).toMatchObject([
      {
        type: 'alert.opened',
        data: {
          rule: 'rule',
          condition: 'dead-letter',
          cause: { type: 'trip', status: 'compensation_failed', code: 'shut' },
          now: 500,
          total: 500,
        },
      },
    ]);
    expect(JSON.stringify(told)).not.toContain('hunter2');
    const [alert] = openings();
    expect(ids).toEqual(expect.arrayContaining([...(alert?.data.sagas ?? ['none'])]));
    for (const id of ids) {
      await engine.backstep.saga(id).command({ name: 'accept-partial' });
    }
    await pass(5_000);
    expect(openings().map(({ type, data }) => [type, data.now])).toEqual([
      ['alert.opened', 500],
      ['alert.resolved', 0],
    ]);
    expect(new Set(told.map(({ id }) => id)).size).toBe(2);
    const tables = engine.backstep.store.tables();
    expect(await tables.selectFrom('alert_marks').selectAll().execute()).toEqual([]);
    const page = await engine.backstep.alerts.incidents({ limit: 10, cursor: null });
    expect(page.items).toMatchObject([{ rule: 'rule', now: 0, total: 500 }]);
    expect(page.items[0]?.resolvedAtMs).not.toBeNull();
  });

  it('that grow tenfold are told once more, and not again before the next tenfold', async () => {
    await engine.open(recordedActivities(declines).activities, { alerts: options });
    await givenUp(1);
    await pass(8_000);
    await givenUp(8);
    await pass(8_000);
    expect(texts()).toHaveLength(1);
    await givenUp(2);
    await pass(8_000);
    await givenUp(50);
    await pass(8_000);
    expect(openings().map(({ type, data }) => [type, data.total])).toEqual([
      ['alert.opened', 1],
      ['alert.grown', 11],
    ]);
  });

  it('that are opened and settled between two looks are told all the same', async () => {
    await engine.open(recordedActivities(declines).activities, { alerts: options });
    const [id = ''] = await givenUp(1);
    await engine.backstep.saga(id).command({ name: 'accept-partial' });
    await pass(3_000);
    expect(openings().map(({ type }) => type)).toEqual(['alert.opened', 'alert.resolved']);
  });

  it('that were there before the rule are told, and a rule that is gone is over', async () => {
    await engine.open(recordedActivities(declines).activities);
    await givenUp(3);
    await engine.stop();
    await engine.open(recordedActivities(declines).activities, { alerts: options });
    await pass(8_000);
    expect(openings()).toMatchObject([{ type: 'alert.opened', data: { total: 3 } }]);
    await engine.stop();
    const other = alertsOf({ kind: 'version-missing' });
    await engine.open(recordedActivities(declines).activities, { alerts: other });
    await pass(3_000);
    expect(texts().at(-1)).toContain('alert.resolved Its rule is gone: 3 signs');
    await engine.stop();
    await engine.open(recordedActivities(declines).activities, { alerts: options });
    await pass(8_000);
    expect(openings()).toMatchObject([{}, {}, { type: 'alert.opened', data: { total: 3 } }]);
  });

  it('are told once over restarts at every moment', async () => {
    await engine.open(recordedActivities(declines).activities, { alerts: options });
    await givenUp(2);
    for (let restarts = 0; restarts < 10; restarts += 1) {
      await engine.stop();
      await engine.open(recordedActivities(declines).activities, { alerts: options });
      await pass(1_000);
    }
    await pass(60_000);
    expect(new Set(told.map(({ id }) => id)).size).toBe(1);
    expect(openings()[0]).toMatchObject({ data: { total: 2 } });
  });
});

it('a step that fails too often within its time is told, and is over once it does no more', async () => {
  let isAway = true;
  const activities = recordedActivities({
    charge: (_, { key }) => {
      if (isAway) throw new TransientError('away', 'the bank is away');
      return { receipt: key };
    },
  }).activities;
  const when = { kind: 'step-failures', step: 'charge', count: 5, within: '1m' } as const;
  await engine.open(activities, { alerts: alertsOf(when) });
  await spawn('a');
  await pass(20_000);
  expect(texts()).toEqual([]);
  await spawn('b');
  await pass(10_000);
  expect(texts()).toEqual([
    'alert.opened 6 attempts of step "charge" of "trip" failed, the last with "away: the bank is away".',
  ]);
  isAway = false;
  await pass(70_000);
  expect(openings().map(({ type }) => type)).toEqual(['alert.opened', 'alert.resolved']);
  await pass(60_000);
  const tables = engine.backstep.store.tables();
  expect(await tables.selectFrom('alert_marks').selectAll().execute()).toEqual([]);
});

it('an attempt that times out counts as one that failed', async () => {
  const activities = recordedActivities({ hold: () => new Promise(() => {}) }).activities;
  const when = { kind: 'step-failures', type: 'trip', count: 1, within: '1m' } as const;
  await engine.open(activities, { alerts: alertsOf(when) });
  await spawn('a');
  await pass(11_000);
  expect(openings()[0]).toMatchObject({ data: { cause: { type: 'trip', step: 'hold' } } });
});

describe('a saga that stands too long', () => {
  const until = (status: 'paused') =>
    alertsOf({ kind: 'saga-age', status, olderThan: '1h' }, { gather: 0 });

  it('in a status is told when its time has come, and not when it moves on before', async () => {
    const activities = recordedActivities({ hold: () => new Promise(() => {}) }).activities;
    await engine.open(activities, { alerts: until('paused') });
    const [slow, quick] = [await spawn('slow'), await spawn('quick')];
    for (const id of [slow, quick]) await engine.backstep.saga(id).command({ name: 'pause' });
    await pass(3_500_000);
    await engine.backstep.saga(quick).command({ name: 'terminate' });
    expect(texts()).toEqual([]);
    await engine.stop();
    await engine.open(activities, { alerts: until('paused') });
    await pass(200_000);
    expect(openings()).toMatchObject([{ type: 'alert.opened', data: { sagas: [slow], total: 1 } }]);
    await engine.backstep.saga(slow).command({ name: 'terminate' });
    await pass(3_000);
    expect(openings().at(-1)).toMatchObject({ type: 'alert.resolved', data: { now: 0 } });
  }, 60_000);

  it('in a state is told, one that stood there before the rule among them', async () => {
    const activities = recordedActivities({ hold: () => new Promise(() => {}) }).activities;
    const when = { kind: 'saga-age', state: 'hold', olderThan: '2s' } as const;
    await engine.open(activities);
    const early = await spawn('early');
    await engine.stop();
    await engine.open(activities, { alerts: alertsOf(when, { gather: 0 }) });
    const late = await spawn('late');
    await pass(5_000);
    expect(openings().at(-1)?.data.cause).toEqual({ type: 'trip', state: 'hold' });
    const named = openings().flatMap(({ data }) => data.sagas);
    expect(named).toContain(early);
    const [incident] = (await engine.backstep.alerts.incidents({ limit: 1, cursor: null })).items;
    expect([...(incident?.sagas ?? [])].toSorted()).toEqual([early, late].toSorted());
  });
});

it('starts that wait too long for a place are told, by type', async () => {
  const activities = recordedActivities({ hold: () => new Promise(() => {}) }).activities;
  const when = { kind: 'queue-age', queue: 'starts', olderThan: '10s' } as const;
  await engine.open(activities, { alerts: alertsOf(when, { gather: 0 }), concurrency: 1 });
  const first = await spawn('first');
  await spawn('second');
  await pass(9_000);
  expect(texts()).toEqual([]);
  await pass(3_000);
  expect(texts()).toEqual(['alert.opened the first of "starts" of "trip" waits longer than 10s.']);
  await engine.backstep.saga(first).command({ name: 'terminate' });
  await pass(3_000);
  expect(openings().at(-1)?.type).toBe('alert.resolved');
});

it('a target that fails is tried again with growing pauses, and is seen meanwhile', async () => {
  await engine.open(recordedActivities(declines).activities, {
    alerts: alertsOf({ kind: 'dead-letter' }),
  });
  isDeaf = true;
  await givenUp(1);
  await pass(20_000);
  expect(engine.backstep.health()).toMatchObject({ kind: 'ready', undeliveredAlerts: 1 });
  const page = { limit: 10, cursor: null };
  const [delivery] = (await engine.backstep.alerts.deliveries(page)).items;
  expect(delivery).toMatchObject({ outcome: null, error: 'nobody is here', kind: 'opened' });
  expect(delivery?.attempts).toBeGreaterThan(1);
  isDeaf = false;
  await pass(60_000);
  expect(told).toMatchObject([{ id: delivery?.message }]);
  expect(engine.backstep.health()).toEqual({ kind: 'ready' });
  expect((await engine.backstep.alerts.deliveries(page)).items).toMatchObject([
    { outcome: 'delivered', error: null },
  ]);
});

it('a trial arrives, and one to nobody is refused', async () => {
  await engine.open(recordedActivities().activities, {
    alerts: { rules: [], targets: { desk: take } },
  });
  const id = await engine.backstep.alerts.trial('desk', 'ada');
  await pass(2_000);
  expect(told).toMatchObject([{ id, alert: { type: 'alert.trial' } }]);
  const none = engine.backstep.alerts.trial('nobody');
  await expect(none).rejects.toMatchObject({ code: 'not-found' });
});

it('a trial that arrives sends at once what waits for its next try', async () => {
  await engine.open(recordedActivities(declines).activities, {
    alerts: alertsOf({ kind: 'dead-letter' }),
  });
  isDeaf = true;
  await givenUp(1);
  await pass(120_000); // the next try is minutes away
  await engine.backstep.alerts.trial('desk', 'ada');
  await pass(2_000);
  expect(told).toEqual([]);
  isDeaf = false;
  await engine.backstep.alerts.trial('desk', 'ada');
  await pass(4_000);
  expect(texts().map((text) => text.split(' ')[0])).toEqual(
    expect.arrayContaining(['alert.trial', 'alert.opened']),
  );
  expect(engine.backstep.health()).toEqual({ kind: 'ready' });
});
