/** What is counted by type and step, over the real engine on a clock that moves only when told. */
import { expect, it, onTestFinished } from 'vitest';
import type { TypeFigures } from '../../../src/host/telemetry/type-figures.ts';
import {
  MAX_STEPS_TOLD,
  OTHER_STEPS,
  TypeCounters,
} from '../../../src/host/telemetry/type-figures.ts';
import { FakeActivities, type FakeOptions } from '../../../src/testing/fake-activities.ts';
import { openTestEngine } from '../../../src/testing/test-engine.ts';
import { tripSaga } from '../../runtime/trip-saga.ts';

async function trips(script: FakeOptions['script'] = {}) {
  const fakes = new FakeActivities(tripSaga, { script });
  const engine = await openTestEngine(tripSaga, fakes);
  onTestFinished(() => engine.close());
  const figures = () => summaryOf(engine.backstep.figures().types);
  return { engine, figures };
}

/** Without durations, but for how many there are. */
function summaryOf(types: readonly TypeFigures[]) {
  return types.map(({ type, started, settled, durationMs, steps }) => ({
    type,
    started,
    settled,
    durations: durationMs.total,
    seconds: durationMs.sumMs / 1_000,
    ...Object.fromEntries(steps.map(({ step, counted }) => [step, counted])),
  }));
}

it('a saga that goes well counts its start, its end and how long it took', async () => {
  const { engine, figures } = await trips();
  await engine.run({ trip: 't-1' });
  expect(figures()).toEqual([
    {
      type: 'trip',
      started: 1,
      settled: { completed: 1 },
      durations: 1,
      seconds: 0,
      hold: {},
      charge: {},
    },
  ]);
});

it('attempts after the first are retries, of a compensation too', async () => {
  const { engine, figures } = await trips({
    hold: ['fail'],
    charge: ['fail', 'permanent'],
    release: ['fail'],
  });
  await engine.run({ trip: 't-1' });
  expect(figures()).toMatchObject([
    {
      settled: { compensated: 1 },
      seconds: 3,
      hold: { retry: 2, compensation: 1, 'compensation-done': 1 },
      charge: { retry: 1 },
    },
  ]);
  expect(Object.keys(figures()[0] ?? {})).not.toContain('compensation-failed');
});

it('an attempt that takes too long counts, and leaves the step in doubt once', async () => {
  const { engine, figures } = await trips({ charge: ['hang', 'hang', 'hang'] });
  await engine.run({ trip: 't-1' });
  expect(figures()).toMatchObject([
    {
      settled: { compensated: 1 },
      charge: { timeout: 3, retry: 2, doubt: 1, compensation: 1, 'compensation-done': 1 },
    },
  ]);
});

it('a compensation that fails for good counts, and so does each time that the saga settles', async () => {
  const { engine, figures } = await trips({ charge: ['permanent'], release: ['permanent'] });
  const { id } = await engine.run({ trip: 't-1' });
  expect(figures()).toMatchObject([
    { settled: { compensation_failed: 1 }, hold: { compensation: 1, 'compensation-failed': 1 } },
  ]);
  await engine.command(id, { name: 'retry' });
  expect(figures()).toMatchObject([
    {
      started: 1,
      settled: { compensation_failed: 1, compensated: 1 },
      durations: 2,
      hold: { compensation: 1, 'compensation-failed': 1, 'compensation-done': 1 },
    },
  ]);
});

it('an attempt that its process did not outlive is an interruption and no retry, after a restart', async () => {
  const { engine, figures } = await trips({ charge: ['hang'] });
  const id = await engine.spawn({ trip: 't-1' });
  await engine.advance('2s');
  await engine.crash();
  await engine.settled(id);
  expect(figures()).toMatchObject([
    // Counters begin anew with a process; how long the saga took does not.
    { started: 0, settled: { completed: 1 }, seconds: 2, charge: { interruption: 1 } },
  ]);
  expect(figures()[0]).not.toHaveProperty('charge.retry');
});

it('tells so many steps of a type apart, and the others together', () => {
  const counters = new TypeCounters();
  for (let index = 0; index < MAX_STEPS_TOLD + 50; index++) {
    counters.add('any', [{ what: 'retry', step: `item-${index}` }]);
  }
  const steps = counters.figures()[0]?.steps ?? [];
  expect(steps).toHaveLength(MAX_STEPS_TOLD + 1);
  expect(steps.at(-1)).toMatchObject({ step: OTHER_STEPS, counted: { retry: 50 } });
});
