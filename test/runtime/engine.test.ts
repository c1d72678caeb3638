/** The engine on a real database: accept, run, compensate, refuse, survive. */
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { transactional } from '../../src/core/activity.ts';
import { PermanentError, TransientError } from '../../src/core/failure.ts';
import { EngineHarness } from './engine-harness.ts';
import { recordedActivities, type TripActivities, tripSaga } from './trip-saga.ts';

let engine: EngineHarness<TripActivities>;

beforeEach(() => {
  engine = new EngineHarness(tripSaga);
});

afterEach(() => engine.dispose());

const start = (trip = 't1', key?: string) =>
  engine.backstep.spawn('trip', { input: { trip }, ...(key === undefined ? {} : { key }) });

const never = (): Promise<never> => new Promise(() => {});

describe('a saga', () => {
  test('runs to its end and its journal tells it in order', async () => {
    const { calls, activities } = recordedActivities();
    const backstep = await engine.open(activities);
    const { id, status } = await start();
    expect(status).toBe('running');
    expect((await backstep.saga(id).settled({ within: 10_000 })).status).toBe('completed');
    expect(calls).toEqual(['hold/forward/1#1', 'charge/forward/1#1']);

    const { items } = await backstep.read.transitions(id, { limit: 50, cursor: null });
    expect(items.map((entry) => entry.to)).toEqual([
      'forward.hold.running',
      'forward.charge.running',
      'completed',
    ]);
    expect(items.map((entry) => entry.sagaSeq)).toEqual([1, 2, 3]);
    expect((await backstep.saga(id).state())?.steps.map((step) => step.status)).toEqual([
      'completed',
      'completed',
    ]);
  });

  test('is undone when a step fails for certain', async () => {
    const { calls, activities } = recordedActivities({
      charge: () => {
        throw new PermanentError('declined', 'the card was declined');
      },
    });
    const backstep = await engine.open(activities);
    const { id } = await start();
    expect((await backstep.saga(id).settled({ within: 10_000 })).status).toBe('compensated');
    expect(calls).toEqual(['hold/forward/1#1', 'hold/compensate/1#1']);
  });

  test('waits its growing retry delays on the clock, under one key', async () => {
    let failures = 2;
    const keys = new Set<string>();
    const { activities } = recordedActivities({
      charge: (_, { key }) => {
        keys.add(key);
        if (failures-- > 0) throw new TransientError('busy', 'try again');
        return { receipt: key };
      },
    });
    const backstep = await engine.open(activities);
    const { id } = await start();
    let last = 0;
    for (const delayMs of [1_000, 2_000]) {
      const retry = await engine.seen((e) => e.sagaSeq > last && e.to.endsWith('retrying'));
      last = retry.sagaSeq;
      const dueMs = (await backstep.saga(id).state())?.steps.at(-1)?.nextAttemptAtMs;
      expect(dueMs).toBe(engine.clock.nowMs() + delayMs);
      engine.clock.advance(delayMs - 1);
      expect((await backstep.saga(id).state())?.snapshot.value).toEqual({
        forward: { charge: 'retrying' },
      });
      const count = engine.lines.length;
      engine.clock.advance(1);
      await engine.seen(() => engine.lines.length >= count + 2);
    }
    expect((await backstep.saga(id).settled({ within: 10_000 })).status).toBe('completed');
    expect(keys.size).toBe(1);
  });

  test('gives up a hanging step after its time-outs and treats it as done', async () => {
    const aborted: boolean[] = [];
    const { calls, activities } = recordedActivities({
      charge: (_, { signal }) => {
        signal.addEventListener('abort', () => aborted.push(true));
        return never();
      },
    });
    const backstep = await engine.open(activities);
    const { id } = await start();
    for (const attempt of [1, 2, 3]) {
      await engine.seen((entry) => entry.sagaSeq === 2 * attempt); // running
      engine.clock.advance(5_000);
      await engine.seen((entry) => entry.sagaSeq === 2 * attempt + 1); // retrying, or given up
      if (attempt < 3) engine.clock.advance(1_000 * 2 ** (attempt - 1));
    }
    expect((await backstep.saga(id).settled({ within: 60_000 })).status).toBe('compensated');
    expect(calls).toEqual(['hold/forward/1#1', 'charge/compensate/1#1', 'hold/compensate/1#1']);
    expect(aborted).toHaveLength(3);
  });

  test('that cannot be compensated waits in a dead letter until a person retries', async () => {
    let isDown = true;
    const { activities } = recordedActivities({
      charge: () => {
        throw new PermanentError('declined', 'no');
      },
      release: () => {
        if (isDown) throw new PermanentError('gone', 'the hotel does not answer');
        return { receipt: 'released' };
      },
    });
    const backstep = await engine.open(activities);
    const { id } = await start();
    expect((await backstep.saga(id).settled({ within: 10_000 })).status).toBe(
      'compensation_failed',
    );
    const page = { limit: 10, cursor: null };
    const [letter] = (await backstep.read.deadLetters(page)).items;
    expect(letter).toMatchObject({ sagaId: id, kind: 'compensation_failed' });
    expect(JSON.parse(letter?.letter ?? '')).toMatchObject({
      done: ['hold'],
      outstanding: ['hold'],
      error: { code: 'gone' },
    });

    isDown = false;
    await backstep.saga(id).command({ name: 'retry', by: 'operator', reason: 'hotel is back' });
    expect((await backstep.saga(id).settled({ within: 10_000 })).status).toBe('compensated');
    expect((await backstep.read.deadLetters(page)).items).toEqual([]);
    expect(await backstep.read.audit(id)).toMatchObject([
      { command: 'retry', by: 'operator', reason: 'hotel is back' },
    ]);
  });
});

describe('a start', () => {
  test('is refused by its promise, never by a throw, when nothing is accepted', async () => {
    const backstep = await engine.open(recordedActivities().activities);
    await engine.stop();
    const refused = backstep.spawn('trip', { input: { trip: 'late' } });
    await expect(refused).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('of an unknown type, or with a bad input, is refused and leaves nothing', async () => {
    const backstep = await engine.open(recordedActivities().activities);
    await expect(backstep.spawn('nope', { input: {} })).rejects.toMatchObject({
      code: 'not-found',
    });
    await expect(backstep.spawn('trip', { input: { trip: 7 } })).rejects.toMatchObject({
      code: 'input-invalid',
      issues: [{ path: 'trip', isTypeError: true }],
    });
    await expect(backstep.spawn('trip', { input: { trip: new Date() } })).rejects.toMatchObject({
      code: 'not-json',
    });
    expect((await backstep.read.listSagas({}, { limit: 10, cursor: null })).items).toEqual([]);
  });

  test('is refused, not lost, when too much is under way', async () => {
    const { activities } = recordedActivities({ hold: never });
    await engine.open(activities, { limits: { busySagas: 3 } });
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, (_, index) => start(`t${index}`)),
    );
    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused.length).toBe(7);
    expect(refused[0]?.reason).toMatchObject({ code: 'overloaded', retryAfterMs: 1_000 });
  });
});

describe('a transactional activity', () => {
  const migrationsFolder = fileURLToPath(new URL('../fixtures/migrations', import.meta.url));
  const putSeats = async (free: number): Promise<void> => {
    const sql = 'INSERT INTO seats VALUES (1, ?)';
    const outcome = await engine.backstep.store.write([{ sql, parameters: [free] }]);
    expect(outcome.kind).toBe('committed');
  };
  const hold = transactional<{ readonly trip: string }, { readonly receipt: string }>(
    (_, { key }) => ({
      statements: [
        {
          sql: 'UPDATE seats SET free = free - 1 WHERE id = 1 AND free > 0',
          parameters: [],
          expect: { changes: 1, code: 'sold-out', message: 'no seat is free' },
        },
      ],
      output: { receipt: key },
    }),
  );
  const freeSeats = async (): Promise<number | undefined> => {
    const reader = engine.backstep.store.reader<{ seats: { id: number; free: number } }>();
    return (await reader.selectFrom('seats').select('free').executeTakeFirst())?.free;
  };

  test('writes exactly once, with the turn that records its success', async () => {
    const backstep = await engine.open(recordedActivities({ hold }).activities, {
      migrationsFolder,
    });
    await putSeats(5);
    const ids = await Promise.all(['a', 'b', 'c'].map((trip) => start(trip)));
    for (const { id } of ids)
      expect((await backstep.saga(id).settled({ within: 10_000 })).status).toBe('completed');
    expect(await freeSeats()).toBe(2);
  });

  test('fails permanently and writes nothing when its expectation is not met', async () => {
    const backstep = await engine.open(recordedActivities({ hold }).activities, {
      migrationsFolder,
    });
    await putSeats(1);
    const spawned = await Promise.all(['a', 'b'].map((trip) => start(trip)));
    const ends = await Promise.all(
      spawned.map(({ id }) =>
        backstep
          .saga(id)
          .settled({ within: 10_000 })
          .then(({ status }) => status),
      ),
    );
    expect(ends.toSorted()).toEqual(['compensated', 'completed']);
    expect(await freeSeats()).toBe(0);
    const loser = spawned[ends.indexOf('compensated')];
    expect((await backstep.saga(loser?.id ?? '').state())?.steps).toMatchObject([
      { name: 'hold', status: 'failed', error: { code: 'sold-out' } },
    ]);
  });
});

describe('an emitted event', () => {
  test('reaches its subscriber again until it is taken, and then no more', async () => {
    const taken: string[] = [];
    let failures = 1;
    const delivered = Promise.withResolvers<void>();
    const failed = Promise.withResolvers<void>();
    const backstep = await engine.open(recordedActivities().activities, {
      subscribers: {
        'trip.completed': (_, { key }) => {
          if (failures-- > 0) {
            failed.resolve();
            throw new Error('not now');
          }
          taken.push(key);
          delivered.resolve();
        },
      },
    });
    await start();
    await failed.promise;
    await new Promise(setImmediate);
    engine.clock.advance(60_000);
    await delivered.promise;
    await backstep.stop({ within: 0 });
    expect(taken).toHaveLength(1);
  });
});

describe('commands', () => {
  test('carry the version they were decided on', async () => {
    const backstep = await engine.open(recordedActivities({ charge: never }).activities);
    const { id } = await start();
    await engine.seen((entry) => entry.to === 'forward.charge.running');
    await expect(
      backstep.saga(id).command({ name: 'cancel' }, { expectedVersion: 1 }),
    ).rejects.toMatchObject({
      code: 'conflict',
    });
    await backstep.saga(id).command({ name: 'cancel' }, { expectedVersion: 2 });
    expect((await backstep.saga(id).settled({ within: 10_000 })).status).toBe('compensated');
    await expect(backstep.saga(id).command({ name: 'cancel' })).rejects.toMatchObject({
      code: 'not-legal',
      legal: [],
    });
    await expect(backstep.saga('nope').command({ name: 'cancel' })).rejects.toMatchObject({
      code: 'not-found',
    });
  });
});
