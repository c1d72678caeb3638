/** Bad moments: a slow store, a command at the wrong instant, careless user code, a full stop. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BackstepError } from '../../../src/core/errors.ts';
import { TransientError } from '../../../src/core/failure.ts';
import { silentLogger } from '../../../src/host/turn-log.ts';
import { EngineHarness } from '../engine-harness.ts';
import { recordedActivities, type TripActivities, tripSaga } from '../trip-saga.ts';
import { withMethods } from '../with-methods.ts';

let engine: EngineHarness<TripActivities>;

beforeEach(() => {
  engine = new EngineHarness(tripSaga);
});

afterEach(() => engine.dispose());

const start = (trip = 't1') => engine.backstep.spawn('trip', { input: { trip } });
const page = { limit: 50, cursor: null };

/** Lets timers and input and output run until the promise settles, moving the clock on the way. */
async function whileTimePasses<T>(promise: Promise<T>, stepMs: number): Promise<T> {
  const passage = { isOver: false };
  const settled = promise.finally(() => {
    passage.isOver = true;
  });
  while (!passage.isOver) {
    engine.clock.advance(stepMs);
    await new Promise(setImmediate);
  }
  return settled;
}

describe('a saga that is not in memory', () => {
  test('keeps a result that arrives while the store cannot be read', async () => {
    const answer = Promise.withResolvers<{ receipt: string }>();
    let refusals = 0;
    const { activities } = recordedActivities({ charge: () => answer.promise });
    const backstep = await engine.open(activities, {
      limits: { idleSagas: 0 },
      wrapStore: (store) =>
        withMethods(store, {
          loadBySid: (sid) => {
            if (refusals-- > 0) throw new BackstepError('unavailable', 'a read took too long');
            return store.loadBySid(sid);
          },
        }),
    });
    const { id } = await start();
    await engine.seen((entry) => entry.to === 'forward.charge.running');
    refusals = 3;
    answer.resolve({ receipt: 'paid' });
    expect(
      await whileTimePasses(
        backstep
          .saga(id)
          .settled({ within: 1e9 })
          .then(({ status }) => status),
        10,
      ),
    ).toBe('completed');
  });

  test('is woken with all others whose timers are due at once, none parked', async () => {
    const { activities } = recordedActivities({
      hold: (_, { attempt }) => {
        if (attempt === 1) throw new TransientError('busy', 'try again');
        return { receipt: 'held' };
      },
    });
    const backstep = await engine.open(activities, { limits: { idleSagas: 10 } });
    const count = 1_000;
    const spawned = await Promise.all(Array.from({ length: count }, (_, i) => start(`t${i}`)));
    await engine.seen(() => retrying() === count);
    const ends = Promise.all(
      spawned.map(({ id }) =>
        backstep
          .saga(id)
          .settled({ within: 1e9 })
          .then(({ status }) => status),
      ),
    );
    expect(new Set(await whileTimePasses(ends, 20))).toEqual(new Set(['completed']));
  });

  const retrying = (): number =>
    engine.lines.filter((e) => e.to === 'forward.hold.retrying').length;
});

test('a command between the commit of a start and its answer finds the same actor', async () => {
  const calls: string[] = [];
  const committed = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  const found = Promise.withResolvers<void>();
  const { activities } = recordedActivities({
    hold: (_, { signal }) => {
      calls.push(signal.aborted ? 'hold, aborted' : 'hold');
      return { receipt: 'held' };
    },
    release: () => {
      calls.push('release');
      return { receipt: 'released' };
    },
  });
  const backstep = await engine.open(activities, {
    wrapStore: (store) =>
      withMethods(store, {
        commit: async (commit) => {
          const outcome = await store.commit(commit);
          if (commit.birth !== null) {
            committed.resolve();
            await answered.promise;
          }
          return outcome;
        },
        sidOf: async (sagaId) => {
          const sid = await store.sidOf(sagaId);
          found.resolve();
          return sid;
        },
      }),
  });
  const starting = start();
  await committed.promise;
  const id = (await backstep.read.listSagas({}, page)).items[0]?.id ?? '';
  const cancelling = backstep.saga(id).command({ name: 'cancel' });
  await found.promise;
  await new Promise(setImmediate); // now the command is in the mailbox
  answered.resolve();
  await starting;
  await cancelling;
  expect((await backstep.saga(id).settled({ within: 10_000 })).status).toBe('compensated');
  // The effect first, its compensation after it, never the other way round.
  expect(calls).toEqual(['hold', 'release']);
});

test('an activity that changes its input changes nothing of the saga', async () => {
  const seen: string[] = [];
  const { activities } = recordedActivities({
    hold: (input) => {
      Object.assign(input, { trip: 'changed' });
      return { receipt: 'held' };
    },
    charge: ({ trip }) => {
      seen.push(trip);
      return { receipt: 'paid' };
    },
  });
  const backstep = await engine.open(activities);
  const { id } = await start('original');
  await backstep.saga(id).settled({ within: 10_000 });
  expect(seen).toEqual(['original']);
});

test('a saga whose version is gone is parked, and goes on once it is registered again', async () => {
  const never = (): Promise<never> => new Promise(() => {});
  await engine.open(recordedActivities({ charge: never }).activities);
  const { id } = await start();
  await engine.seen((entry) => entry.to === 'forward.charge.running');
  await engine.stop();

  const without = await engine.openBare();
  await without.start();
  expect((await without.saga(id).settled({ within: 1e9 })).status).toBe('parked');
  await without.stop({ within: 0 });

  const backstep = await engine.open(recordedActivities().activities);
  await engine.seen((line) => line.sagaId === id && line.status === 'completed');
  expect(await backstep.read.audit(id)).toMatchObject([
    { command: 'retry', by: 'engine', reason: 'its version is registered again' },
  ]);
  expect((await backstep.read.deadLetters(page)).items).toEqual([]);
});

test('a logger that throws spoils neither an answer nor the feed', async () => {
  const logger = {
    ...silentLogger,
    isLevelEnabled: () => true,
    debug: () => {
      throw new Error('the log disk is full');
    },
  };
  const backstep = await engine.open(recordedActivities().activities, { logger });
  const { id } = await start();
  expect((await backstep.saga(id).settled({ within: 10_000 })).status).toBe('completed');
  expect(engine.lines.map((entry) => entry.seq)).toEqual([1, 2, 3]);
});

test('a stop does not wait for ever for a subscriber that hangs', async () => {
  const reached = Promise.withResolvers<AbortSignal>();
  const backstep = await engine.open(recordedActivities().activities, {
    subscribers: {
      'trip.completed': (_, { signal }) => {
        reached.resolve(signal);
        return new Promise(() => {});
      },
    },
  });
  await start();
  const signal = await reached.promise;
  await whileTimePasses(backstep.stop({ within: 0 }), 1_000);
  expect(signal.aborted).toBe(true);
});

test('a stop lets a delivery finish, so that it is not made again', async () => {
  const reached = Promise.withResolvers<void>();
  const mayFinish = Promise.withResolvers<void>();
  const signals: AbortSignal[] = [];
  const subscribers = {
    'trip.completed': async (_: unknown, { signal }: { readonly signal: AbortSignal }) => {
      signals.push(signal);
      reached.resolve();
      await mayFinish.promise;
    },
  };
  await engine.open(recordedActivities().activities, { subscribers });
  await start();
  await reached.promise;
  const stopping = engine.stop();
  mayFinish.resolve();
  await stopping;
  expect(signals[0]?.aborted).toBe(false);

  const backstep = await engine.open(recordedActivities().activities, { subscribers });
  const { id } = await start('t2');
  await backstep.saga(id).settled({ within: 10_000 });
  await engine.stop();
  expect(signals).toHaveLength(2);
});

test('events of one saga reach their subscriber in order, also over a restart', async () => {
  const failing = { 'trip.completed': () => Promise.reject(new Error('not now')) };
  await engine.open(recordedActivities().activities, { subscribers: failing });
  const spawned = await Promise.all(Array.from({ length: 200 }, (_, i) => start(`t${i}`)));
  for (const { id } of spawned) await engine.backstep.saga(id).settled({ within: 10_000 });
  await engine.stop();

  let atOnce = 0;
  let mostAtOnce = 0;
  const taken = new Set<string>();
  const all = Promise.withResolvers<void>();
  await engine.open(recordedActivities().activities, {
    subscribers: {
      'trip.completed': async (_, { key }) => {
        atOnce += 1;
        mostAtOnce = Math.max(mostAtOnce, atOnce);
        await new Promise(setImmediate);
        atOnce -= 1;
        taken.add(key);
        if (taken.size === spawned.length) all.resolve();
      },
    },
  });
  await all.promise;
  expect(mostAtOnce).toBeLessThanOrEqual(64);
});
