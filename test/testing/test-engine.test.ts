/** The engine that users test their sagas on: real turns, real SQL, a clock that obeys. */
import '../../src/testing/vitest.ts';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { exponential } from '../../src/core/retry-policy.ts';
import { defineSaga } from '../../src/core/define/saga.ts';
import { FakeActivities, type FakeOptions } from '../../src/testing/fake-activities.ts';
import { openTestEngine, type TestEngine } from '../../src/testing/test-engine.ts';
import { tripSaga, type TripActivities } from '../runtime/trip-saga.ts';

let engine: TestEngine;
let fakes: FakeActivities<TripActivities>;

async function open(options: FakeOptions = {}): Promise<void> {
  fakes = new FakeActivities(tripSaga, options);
  engine = await openTestEngine(tripSaga, fakes);
}

afterEach(() => engine.close());

const TRIP = { trip: 't-1' };

describe('a saga on the test engine', () => {
  test('runs to its end with the outputs that are given', async () => {
    await open({ outputs: { hold: { receipt: 'h-1' }, charge: null } });
    const story = await engine.run(TRIP);
    expect(story).toBeCompleted();
    expect(story).toHaveCompensatedInOrder([]);
    expect(fakes.standing).toEqual(['hold', 'charge']);
    expect(fakes.effects.map(({ output }) => output)).toEqual([{ receipt: 'h-1' }, null]);
    const page = await engine.backstep.read.listSagas({}, { limit: 10, cursor: null });
    expect(page.items).toMatchObject([{ id: story.id, status: 'completed' }]);
  });

  test('is one of hundreds that start in the same millisecond, over as many crashes', async () => {
    await open();
    const ids = new Set<string>();
    for (let started = 0; started < 300; started++) ids.add(await engine.spawn(TRIP));
    expect(ids.size).toBe(300);
    for (let crashes = 0; crashes < 40; crashes++) {
      await engine.crash();
      ids.add(await engine.spawn(TRIP));
    }
    expect(ids.size).toBe(340);
  });

  test('is compensated when a call is refused, and the clock passes its retry delays', async () => {
    await open({ script: { charge: ['fail', 'permanent'] } });
    const startedMs = engine.clock.nowMs();
    const story = await engine.run(TRIP);
    expect(story).toBeCompensated();
    expect(story).toHaveCompensatedInOrder(['hold']);
    expect(fakes.standing).toEqual([]);
    expect(engine.clock.nowMs() - startedMs).toBe(1_000);
  });

  test('is compensated from the step on whose answer was lost at every attempt', async () => {
    await open({ always: { charge: 'applied-then-lost' } });
    const story = await engine.run(TRIP);
    expect(story).toBeCompensated();
    expect(story).toHaveCompensatedInOrder(['charge', 'hold']);
    expect(fakes.standing).toEqual([]);
  });

  test.each(['hang', 'applied-then-hang'] as const)(
    'times out a call that does %s, and takes its step for done',
    async (outcome) => {
      await open({ always: { charge: outcome } });
      const story = await engine.run(TRIP);
      expect(story).toHaveCompensatedInOrder(['charge', 'hold']);
      expect(fakes.standing).toEqual([]);
      expect(fakes.hanging).toBe(0);
      expect(new Set(fakes.calls.map(({ key }) => key.split('/').slice(1).join('/')))).toEqual(
        new Set(['hold/forward/1', 'charge/forward/1', 'charge/compensate/1', 'hold/compensate/1']),
      );
    },
  );

  test('waits for a person where its compensation fails for good, and is mended', async () => {
    await open({ always: { charge: 'permanent', release: 'permanent' } });
    const { id } = await engine.run(TRIP);
    expect(await engine.story(id)).toHaveStatus('compensation_failed');
    expect(fakes.standing).toEqual(['hold']);
    fakes.always('release', 'done');
    await engine.command(id, { name: 'retry', by: 'ada' });
    expect(await engine.settled(id)).toBeCompensated();
  });

  test('goes on after a crash with the same key, and refuses what came after its undoing', async () => {
    await open({ script: { charge: ['applied-then-hang'] } });
    const id = await engine.spawn(TRIP);
    await engine.crash();
    const story = await engine.settled(id);
    expect(story).toBeCompleted();
    const keys = fakes.calls.filter(({ step }) => step === 'charge').map(({ key }) => key);
    expect(keys).toHaveLength(2);
    expect(new Set(keys).size).toBe(1);
    expect(fakes.effects).toHaveLength(2);
  });

  test('takes a saga through thirty days in less than 50 ms', async () => {
    type Remind = Record<'remind' | 'unremind', (input: null) => { sent: string }>;
    const input = (): null => null;
    const retry = exponential({ first: '3d', factor: 1, max: '3d', attempts: 11, jitter: 'none' });
    const patient = defineSaga({
      id: 'patient',
      input: z.unknown(),
      activities: {} as Remind,
      deadline: '60d',
    })
      .step('remind', { input, timeout: '1m', retry, compensate: { activity: 'unremind', input } })
      .build();
    let fastestMs = Infinity;
    // The first run lets the code get warm, and the machine has other things to do.
    for (let run = 0; run < 5 && fastestMs >= 50; run++) {
      engine.close();
      engine = await openTestEngine(
        patient,
        new FakeActivities(patient, { always: { remind: 'fail' } }),
      );
      const [startedMs, realMs] = [engine.clock.nowMs(), performance.now()];
      expect(await engine.run(null)).toBeCompensated();
      expect(engine.clock.nowMs() - startedMs).toBe(30 * 86_400_000);
      fastestMs = Math.min(fastestMs, performance.now() - realMs);
    }
    expect(fastestMs).toBeLessThan(50);
  });

  test('passes a year in which nothing is due: over an ended saga and a paused one', async () => {
    await open({ always: { charge: 'hang' } });
    const id = await engine.spawn(TRIP);
    await engine.command(id, { name: 'pause' });
    const startedMs = engine.clock.nowMs();
    await engine.advance('365d');
    expect(engine.clock.nowMs() - startedMs).toBe(365 * 86_400_000);
    expect((await engine.story(id)).status).toBe('paused');
    await engine.command(id, { name: 'resume' });
    expect(await engine.settled(id)).toBeCompensated();
    await engine.advance('365d');
  });

  test('stops where it is told to, so that a test can look', async () => {
    await open({ script: { charge: ['fail'] } });
    const id = await engine.spawn(TRIP);
    await engine.advance('999ms');
    expect((await engine.story(id)).state.steps.at(-1)?.status).toBe('retrying');
    await engine.advance('1ms');
    expect(await engine.story(id)).toBeCompleted();
  });
});

describe('the engine says what is wrong with a test', () => {
  test('that waits for a status which the saga passes by', async () => {
    await open();
    const id = await engine.spawn(TRIP);
    await expect(engine.reached(id, 'waiting')).rejects.toThrow('settled as completed before');
  });

  test('that scripts an activity which the saga does not call', async () => {
    await open();
    expect(() => new FakeActivities(tripSaga, { always: { chrage: 'fail' } })).toThrow(
      'saga "trip" calls no activity "chrage"; it calls hold, charge, release, refund',
    );
  });

  test('that asks for a saga which is not there', async () => {
    await open();
    await expect(engine.story('nobody')).rejects.toThrow('there is no saga nobody');
  });
});
