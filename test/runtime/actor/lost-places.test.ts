/** Places of a bounded type whose holders could not even be read, and what becomes of them. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Bindings } from '../../../src/host/backstep.ts';
import { EngineHarness } from '../engine-harness.ts';
import { recordedActivities, type TripActivities, tripSaga } from '../trip-saga.ts';

const second = { ...tripSaga, version: 2 };
const never = (): Promise<never> => new Promise(() => {});
const { activities } = recordedActivities();

let first: EngineHarness<TripActivities>;

beforeEach(() => {
  first = new EngineHarness(tripSaga);
});
afterEach(() => first.dispose());

const spawn = async (backstep: typeof first.backstep, trip: string) =>
  (await backstep.spawn('trip', { input: { trip }, key: trip })).id;

/** One saga that runs and one that waits for its place, left behind by version 1. */
async function leftBehind(): Promise<readonly [string, string]> {
  await first.open({ ...activities, hold: never }, { concurrency: 1 });
  const a = await spawn(first.backstep, 'a');
  const b = await spawn(first.backstep, 'b');
  await first.stop();
  return [a, b];
}

async function opened(definition: typeof second, bounds: Pick<Bindings, 'concurrency'>) {
  const backstep = await first.openBare();
  backstep.register(definition, { activities, ...bounds });
  await backstep.start();
  return backstep;
}

async function parked(backstep: typeof first.backstep, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    while ((await backstep.read.saga(id))?.status !== 'parked') await new Promise(setImmediate);
  }
}

async function completed(backstep: typeof first.backstep, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    let status = (await backstep.saga(id).settled({ within: 1e9 })).status;
    while (status === 'parked') {
      await new Promise(setImmediate); // a row is there before the engine has heard of it
      status = (await backstep.saga(id).settled({ within: 1e9 })).status;
    }
    expect(status).toBe('completed');
  }
}

test('come free again for the sagas of the version that is there', async () => {
  const ids = await leftBehind();
  const backstep = await opened(second, { concurrency: 1 });
  await parked(backstep, ids);
  expect(backstep.startQueue('trip')).toMatchObject({ active: 0, queued: 0 });
  for (const trip of ['c', 'd']) {
    expect((await backstep.saga(await spawn(backstep, trip)).settled({ within: 1e9 })).status).toBe(
      'completed',
    );
  }

  // Once their version is back both go on, one after the other.
  backstep.register(tripSaga, { activities });
  await completed(backstep, ids);
  expect(backstep.startQueue('trip')).toMatchObject({ active: 0, queued: 0 });
  await backstep.stop({ within: 0 });
});

test('are not waited for by a saga that was parked in the queue and is back without a bound', async () => {
  const ids = await leftBehind();
  const without = await opened(second, { concurrency: 1 });
  await parked(without, ids);
  await without.stop({ within: 0 });

  const backstep = await opened(tripSaga, {});
  await completed(backstep, ids);
  expect(backstep.startQueue('trip')).toBeNull();
  await backstep.stop({ within: 0 });
});
