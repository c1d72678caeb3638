/** Branches, conditions, rounds and children of the builder: what runs, what is undone, in what order. */
import { describe, expect, test } from 'vitest';
import type { SagaDefinition } from '../../../src/core/define/definition.ts';
import type { Failure } from '../../../src/core/failure.ts';
import { legalCommands } from '../../../src/core/turn/legal.ts';
import { branchedSaga, INPUT, parentSaga, windingSaga } from './builder-sagas.ts';
import { LOST, REFUSED, SagaDriver } from '../turn/saga-driver.ts';

const started = (definition: SagaDefinition, input: object = INPUT): SagaDriver =>
  new SagaDriver(definition, input);

describe('branches', () => {
  test('all run at once and join', () => {
    const saga = started(branchedSaga);
    expect(saga.started).toEqual(['hold', 'charge']);
    saga.done('charge');
    saga.done('hold');
    saga.done('ship');
    expect(saga.trail.at(-1)).toBe('finishing.mail.running');
  });

  test('unwind at once, each in its own order, when one fails', () => {
    const saga = started(branchedSaga);
    saga.done('hold');
    saga.fail('ship', LOST);
    // The charge was under way: nobody knows how it came out.
    expect(saga.state.steps.find(({ name }) => name === 'charge')?.mayHaveHappened).toBe(true);
    expect(Object.keys(saga.state.live.activities).toSorted()).toEqual(['recall', 'refund']);
    saga.done('recall');
    expect(Object.keys(saga.state.live.activities).toSorted()).toEqual(['refund', 'release']);
    saga.done('refund');
    saga.done('release');
    expect(saga.state.status).toBe('compensated');
  });

  test('wait for a person each for itself, and accepting waits for what still runs', () => {
    const saga = started(branchedSaga);
    saga.done('hold');
    saga.fail('ship', REFUSED);
    saga.fail('release', REFUSED);
    expect(saga.state.status).toBe('compensation_failed');
    expect(legalCommands(saga.state)).not.toContain('accept-partial');
    saga.fail('refund', REFUSED);
    expect(legalCommands(saga.state)).toContain('accept-partial');
    saga.command('skip', 'refunded by hand');
    expect(saga.stepStatus('charge')).toBe('skipped');
    expect(saga.stepStatus('hold')).toBe('compensation_failed');
    saga.command('retry');
    saga.done('release');
    expect(saga.trail.at(-1)).toBe('partially_compensated');
    expect(saga.state.resolution).not.toBeNull();
  });
});

describe('conditions and rounds', () => {
  test('take the first way whose condition holds, and leave the rest out', () => {
    const small = started(windingSaga, { ...INPUT, big: false, parcels: 0 });
    expect(small.state.status).toBe('completed');
    expect(small.state.steps).toEqual([]);
    expect(started(windingSaga).started).toEqual(['hold']);
  });

  const shipping = (parcels: number): SagaDriver => {
    const saga = started(windingSaga, { ...INPUT, parcels });
    saga.done('hold');
    saga.done('charge');
    return saga;
  };

  test('give each round a key, an input and a result of its own', () => {
    const saga = shipping(2);
    for (const id of ['p-1', 'p-2']) saga.done('ship', { id });
    expect(saga.state.status).toBe('completed');
    expect(saga.state.steps.map(({ name, occurrence }) => `${name} ${occurrence}`)).toEqual([
      'hold 1',
      'charge 1',
      'ship 1',
      'ship 2',
    ]);
    expect(saga.state.snapshot.context).toMatchObject({
      results: { parcels: [{ ship: { id: 'p-1' } }, { ship: { id: 'p-2' } }] },
    });
  });

  test('undo the rounds from the last to the first, each with its own result', () => {
    const saga = shipping(3);
    saga.done('ship', { id: 'p-1' });
    saga.done('ship', { id: 'p-2' });
    saga.fail('ship', LOST);
    const undone: unknown[] = [];
    for (const _ of [1, 2, 3]) {
      undone.push(saga.state.live.activities['recall']?.input);
      saga.done('recall');
    }
    expect(undone).toEqual([{ of: '3:unknown' }, { of: '2:p-2' }, { of: '1:p-1' }]);
    saga.done('refund');
    saga.done('release');
    expect(saga.state.status).toBe('compensated');
  });

  test('turn back when there are more rounds than the bound', () => {
    const saga = shipping(4);
    for (const _ of [1, 2, 3]) saga.done('ship');
    expect(saga.state.failureReason).toMatchObject({ code: 'loop-unending' });
    expect(saga.trail.at(-1)).toBe('compensating.recall.running');
  });
});

describe('a child saga', () => {
  const OUTPUT = { shipped: 's-1' };
  const COMPLETED: Failure = { ...LOST, code: 'child-completed', retryable: false };

  test('gives its output as the result of the step', () => {
    const saga = started(parentSaga);
    saga.done('hold');
    expect(saga.state.live.activities['delivery']?.childId).toBe('saga-1.delivery.1');
    saga.done('delivery', OUTPUT);
    expect(saga.state.live.activities['charge']?.input).toEqual({ of: 's-1' });
  });

  test('that was compensated fails the step without anything to undo', () => {
    const saga = started(parentSaga);
    saga.done('hold');
    saga.fail('delivery', { ...REFUSED, code: 'child-compensated' });
    expect(saga.trail.at(-1)).toBe('compensating.release.running');
  });

  test('that takes too long is unwound first', () => {
    const saga = started(parentSaga);
    saga.done('hold');
    saga.fireTimer('delivery.within');
    expect(saga.state.failureReason).toMatchObject({
      code: 'child-expired',
      message: 'the child "delivery" did not end within its limit',
      ambiguous: true,
    });
    expect(Object.keys(saga.state.live.activities)).toEqual(['delivery-unwind']);
    saga.done('delivery-unwind');
    expect(saga.stepStatus('delivery')).toBe('compensated');
    expect(saga.trail.at(-1)).toBe('compensating.release.running');
  });

  test('that had completed is undone by the activity of its own', () => {
    const saga = started(parentSaga);
    saga.done('hold');
    saga.done('delivery', OUTPUT);
    saga.fail('charge', REFUSED);
    saga.fail('delivery-unwind', COMPLETED);
    expect(saga.trail.at(-1)).toBe('compensating.recall.running');
    saga.done('recall');
    saga.done('release');
    expect(saga.state.status).toBe('compensated');
  });
});
