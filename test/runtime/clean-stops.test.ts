/** How a process ended decides what it says of the attempts that it had under way. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PermanentError } from '../../src/core/failure.ts';
import { MAX_DISPATCHES } from '../../src/core/turn/turn.ts';
import type { Store } from '../../src/store/store.ts';
import { EngineHarness } from './engine-harness.ts';
import { recordedActivities, type TripActivities, tripSaga } from './trip-saga.ts';

let engine: EngineHarness<TripActivities>;
let keys: string[];

beforeEach(() => {
  engine = new EngineHarness(tripSaga);
  keys = [];
});
afterEach(() => engine.dispose());

// Never answers; each start of it is heard of.
let charged = Promise.withResolvers<void>();
const { activities, calls } = recordedActivities();
const hanging: typeof activities = {
  ...activities,
  charge: (_, { key }) => {
    keys.push(key);
    charged.resolve();
    return new Promise<never>(() => {});
  },
};

/** As a process that dies: what it has written stands, and no mark of a good end. */
const dies = (store: Store): Store => ({ ...store, close: () => store.close() });

async function open(wrapStore: (store: Store) => Store = (store) => store): Promise<void> {
  charged = Promise.withResolvers();
  await engine.open(hanging, { wrapStore });
}

async function startedTrip(): Promise<string> {
  const { id } = await engine.backstep.spawn('trip', { input: { trip: 't1' } });
  await charged.promise;
  return id;
}

const attemptOf = async (id: string) =>
  (await engine.backstep.saga(id).state())?.live.activities['charge'];

test('an engine that is stopped while it recovers takes nothing on afterwards', async () => {
  const reached = Promise.withResolvers<void>();
  const goesOn = Promise.withResolvers<void>();
  const backstep = await engine.openBare({
    wrapStore: (store) => ({
      ...store,
      async wakes(...args) {
        reached.resolve();
        await goesOn.promise;
        return store.wakes(...args);
      },
      // As one that has much to write before it is closed.
      async close(...args) {
        goesOn.resolve();
        await started;
        return store.close(...args);
      },
    }),
  });
  const started = backstep.start().catch((error: unknown) => error);
  await reached.promise;
  await backstep.stop({ within: 0 });
  expect(await started).toMatchObject({ code: 'unavailable' });
  expect(backstep.health().kind).toBe('stopping');
});

describe('an attempt that is under way', () => {
  test('goes on after more stops of the engine and pauses than crashes would end it', async () => {
    await open();
    const id = await startedTrip();
    for (let stop = 0; stop < MAX_DISPATCHES; stop++) {
      await engine.stop();
      await open();
      await charged.promise;
    }
    for (let pause = 0; pause < MAX_DISPATCHES; pause++) {
      await engine.backstep.saga(id).command({ name: 'pause' });
      await engine.backstep.saga(id).command({ name: 'resume' });
    }
    await engine.stop();
    await open();
    await charged.promise;
    expect(await attemptOf(id)).toMatchObject({ dispatches: 22, cleanStops: 21 });
    expect(new Set(keys)).toEqual(new Set([`${id}/charge/forward/1`]));
    const { items } = await engine.backstep.read.transitions(id, { limit: 5, cursor: null });
    expect(items.some(({ data }) => data.includes('stopped in good order'))).toBe(true);
  });

  test('is given up when the process ended ten times without being stopped', async () => {
    await open(dies);
    const id = await startedTrip();
    for (let crash = 1; crash < MAX_DISPATCHES; crash++) {
      await engine.stop();
      await open(dies);
      await charged.promise;
    }
    expect(await attemptOf(id)).toMatchObject({ dispatches: MAX_DISPATCHES });
    await engine.stop();
    await open();
    expect((await engine.backstep.saga(id).settled({ within: 1e9 })).status).toBe('compensated');
    expect((await engine.backstep.saga(id).state())?.failureReason?.code).toBe('interrupted');
    expect(keys).toHaveLength(MAX_DISPATCHES);
  });

  test('that fails for certain after a clean stop stays in doubt: it is compensated', async () => {
    await open();
    const id = await startedTrip();
    await engine.stop();
    const refusing = () => {
      throw new PermanentError('declined', 'no');
    };
    await engine.open({ ...hanging, charge: refusing });
    expect((await engine.backstep.saga(id).settled({ within: 1e9 })).status).toBe('compensated');
    expect(calls).toContain('charge/compensate/1#1');
  });
});

test.each([
  ['a crash', dies, undefined],
  ['a clean stop', (store: Store) => store, 1],
])(
  'a process that stops before it has taken up its sagas hands on that it found %s',
  async (_, before, cleanStops) => {
    await open(before);
    const id = await startedTrip();
    await engine.stop();
    await (await engine.openBare()).stop({ within: 0 });
    await open();
    await charged.promise;
    const attempt = await attemptOf(id);
    expect(attempt?.dispatches).toBe(2);
    expect(attempt?.cleanStops).toBe(cleanStops);
  },
);
