/** Steps that share activities, steps that only read, and rounds that look at earlier ones. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { SagaDefinition } from '../../../src/core/define/definition.ts';
import { defineSaga } from '../../../src/core/define/saga.ts';
import '../../../src/testing/vitest.ts';
import { NO_RETRY } from '../../../src/core/retry-policy.ts';
import { FakeActivities } from '../../../src/testing/fake-activities.ts';
import { openTestEngine } from '../../../src/testing/test-engine.ts';
import { verify } from '../../../src/verify/verify.ts';
import { LOST, REFUSED, SagaDriver } from '../turn/saga-driver.ts';

interface Calls {
  pay(input: { amount: number }): { receipt: number };
  refund(input: { amount: number }): void;
  look(input: null): { price: number };
  ship(input: null): void;
}

const draft = (id: string) => defineSaga({ id, input: z.null(), activities: {} as Calls });
const repaying = (amount: number) => ({
  input: () => ({ amount }),
  retry: NO_RETRY,
  compensate: { activity: 'refund', input: () => ({ amount }), retry: NO_RETRY } as const,
});

/** What verify holds against it; that nothing is retried here leaves states that nobody enters. */
const errorsOf = (saga: SagaDefinition) =>
  verify(saga).findings.filter(({ severity }) => severity === 'error');

describe('one activity', () => {
  const saga = draft('twice')
    .step('pay', repaying(1))
    .step('payRest', { ...repaying(2), activity: 'pay' })
    .step('ship', { kind: 'pivot', input: () => null, retry: NO_RETRY })
    .build();

  test('serves several steps, each with keys and results of its own', async () => {
    const fakes = new FakeActivities(saga, { always: { ship: 'permanent' } });
    const engine = await openTestEngine(saga, fakes);
    const story = await engine.run(null);
    expect(story).toHaveCompensatedInOrder(['payRest', 'pay']);
    expect(fakes.calls.map(({ activity, step, input }) => [activity, step, input])).toEqual([
      ['pay', 'pay', { amount: 1 }],
      ['pay', 'payRest', { amount: 2 }],
      ['ship', 'ship', null],
      ['refund', 'payRest', { amount: 2 }],
      ['refund', 'pay', { amount: 1 }],
    ]);
    expect(new Set(fakes.calls.map(({ key }) => key)).size).toBe(5);
    engine.close();
  });

  test('needs one implementation, and is proved like any other', () => {
    expect(saga.activities.toSorted()).toEqual(['pay', 'refund', 'ship']);
    expect(verify(saga).exhaustive).toBe(true);
    expect(errorsOf(saga)).toEqual([]);
  });

  test('keeps the name that its first use has in the machine when another use is added', () => {
    expect(saga.steps.map(({ compensation }) => compensation)).toEqual([
      'refund',
      'refund-payRest',
      null,
    ]);
  });

  test('of the saga may not have the name of a child', () => {
    const child = draft('child').step('pay', repaying(1)).build();
    const parent = defineSaga({ id: 'parent', input: z.null(), activities: {} as Calls })
      .child('refund', {
        saga: child,
        input: () => null,
        compensate: { activity: 'pay', input: () => ({ amount: 1 }) },
      })
      .step('pay', repaying(1));
    expect(() => parent.build()).toThrow('child "refund" is called like an activity of the saga');
  });
});

describe('a step that only reads', () => {
  const look = { kind: 'read-only', input: () => null, retry: NO_RETRY } as const;
  const saga = draft('reading').step('pay', repaying(1)).step('look', look).build();

  test('is owed nothing, however it fails: what ran before it is compensated', () => {
    const driver = new SagaDriver(saga, null);
    driver.done('pay', { receipt: 1 });
    driver.fail('look', LOST);
    expect(driver.stepStatus('look')).toBe('failed');
    expect(driver.state.steps.at(-1)?.mayHaveHappened).toBeUndefined();
    driver.done('refund');
    expect(driver.state.status).toBe('compensated');
  });

  test('is no point of no return', () => {
    const later = draft('later')
      .step('look', look)
      .step('pay', repaying(1))
      .step('ship', { kind: 'pivot', input: () => null, retry: NO_RETRY })
      .build();
    const driver = new SagaDriver(later, null);
    driver.done('look', { price: 1 });
    driver.done('pay', { receipt: 1 });
    driver.fail('ship', REFUSED);
    driver.done('refund');
    expect(driver.state.status).toBe('compensated');
    expect(errorsOf(later)).toEqual([]);
    expect(errorsOf(saga)).toEqual([]);
  });

  test('waits for a person after the pivot, from where nothing turns back', () => {
    const finishing = draft('finishing')
      .step('ship', { kind: 'pivot', input: () => null, retry: NO_RETRY })
      .step('look', look)
      .build();
    const driver = new SagaDriver(finishing, null);
    driver.done('ship');
    driver.fail('look', REFUSED);
    expect(driver.state.status).toBe('failed');
    driver.command('retry');
    driver.done('look', { price: 1 });
    expect(driver.state.status).toBe('completed');
    expect(errorsOf(finishing)).toEqual([]);
  });

  test('has no probe: it is never in doubt', () => {
    const probed = draft('probed').step('pay', repaying(1));
    const probe = { activity: 'look', input: () => null } as never;
    expect(() => probed.step('look', { ...look, probe }).build()).toThrow(
      'step "look" is read-only, so it is never in doubt; remove its probe',
    );
  });
});

test('a round sees the results of the rounds before it, none in the first', () => {
  const seen: unknown[] = [];
  const saga = draft('rounds')
    .repeat('tries', {
      while: ({ results }) => (results.tries.at(-1)?.look?.price ?? 9) > 7,
      atMost: 5,
      steps: (round) =>
        round.step('look', {
          kind: 'read-only',
          input: ({ results }) => {
            seen.push(results.tries);
            return null;
          },
        }),
    })
    .output(({ results }) => results.tries.map(({ look }) => look.price))
    .build();
  const driver = new SagaDriver(saga, null);
  driver.done('look', { price: 8 });
  driver.done('look', { price: 7 });
  expect(driver.state.snapshot.output).toEqual([8, 7]);
  expect(seen).toEqual([[], [{ look: { price: 8 } }]]);
});

test('a loop that never ran has no rounds for what comes after it', () => {
  const saga = draft('none')
    .repeat('tries', {
      while: () => false,
      atMost: 5,
      steps: (round) => round.step('look', { kind: 'read-only', input: () => null }),
    })
    .output(({ results }) => results.tries.length)
    .build();
  expect(new SagaDriver(saga, null).state.snapshot.output).toBe(0);
});
