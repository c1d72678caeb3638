/**
 * What the order, an account and an onboarding undo, and in which order, for every position at
 * which they can turn back and every way of turning back there. Trips: trip-compensation.test.ts.
 */
import '../../src/testing/vitest.ts';
import { describe, expect, test } from 'vitest';
import { accountSaga } from '../../machines/account.ts';
import { onboardingSaga } from '../../machines/onboarding.ts';
import { orderSaga } from '../../machines/order.ts';
import type { SagaDefinition } from '../../src/core/define/definition.ts';
import { LOST, ORDER, REFUSED, SagaDriver } from '../core/turn/saga-driver.ts';

/** How a saga turns back while `activity` is under way. True: it may have had its effect. */
const WAYS: Readonly<
  Record<string, readonly [(saga: SagaDriver, activity: string) => unknown, boolean]>
> = {
  'is refused': [(saga, activity) => saga.fail(activity, REFUSED), false],
  'is lost for good': [
    (saga, activity) => saga.fail(activity, { ...LOST, retryable: false }),
    true,
  ],
  'is refused after an attempt whose answer was lost': [
    (saga, activity) => {
      saga.fail(activity, LOST);
      saga.fireTimer(`${activity}.retry`);
      saga.fail(activity, REFUSED);
    },
    true,
  ],
  'times out at every attempt': [
    (saga, activity) => {
      while (saga.state.live.activities[activity] !== undefined) {
        saga.fireTimer(`${activity}.timeout`);
        const isAgain = Object.keys(saga.state.live.timers).some((id) =>
          id.includes(`${activity}.retry`),
        );
        if (isAgain) saga.fireTimer(`${activity}.retry`);
      }
    },
    true,
  ],
  'is left by a cancel': [(saga) => saga.command('cancel', 'changed my mind'), true],
  'is left by a compensate': [(saga) => saga.command('compensate', 'enough'), true],
  'is left by the deadline': [(saga) => saga.fireTimer('deadline'), true],
};

const positionsOf = (steps: readonly string[]) =>
  Object.keys(WAYS).flatMap((way) => steps.map((step, index) => ({ way, step, index })));

/** A probe that never can tell leaves the step in doubt. */
function probe(saga: SagaDriver): void {
  for (;;) {
    const { activities, timers } = saga.state.live;
    const [asking] = Object.entries(activities).find(([, one]) => one.direction === 'probe') ?? [];
    const again = Object.keys(timers).find((id) => id.includes('findPayment.retry'));
    if (asking !== undefined) saga.done(asking, { kind: 'unknown' });
    else if (again !== undefined) saga.fireTimer(again);
    else return;
  }
}

/** Lets every compensation succeed, one at a time; gives their names as they ran. */
function unwind(saga: SagaDriver): readonly string[] {
  const undone: string[] = [];
  for (;;) {
    const [activity, ...others] = Object.keys(saga.state.live.activities);
    if (activity === undefined) return undone;
    expect(others).toEqual([]);
    undone.push(activity);
    saga.done(activity, null);
  }
}

const SEQUENCES: readonly (readonly [SagaDefinition, object])[] = [
  [orderSaga, ORDER],
  [accountSaga, { customerId: 'c-1', kind: 'savings' }],
];

describe.each(SEQUENCES)('the $id saga', (saga, input) => {
  const steps = saga.steps.map(({ name }) => name);
  const undoes = saga.steps.map(({ compensation }) => compensation);

  test.each(positionsOf(steps))('undoes in reverse where $step $way', ({ way, step, index }) => {
    const [turnBack, isOwed] = WAYS[way] ?? [() => {}, false];
    const driver = new SagaDriver(saga, input);
    for (const before of steps.slice(0, index)) driver.done(before);
    turnBack(driver, step);
    probe(driver);
    expect(unwind(driver)).toEqual(undoes.slice(0, isOwed ? index + 1 : index).toReversed());
    expect(driver.story).toBeCompensated();
    expect(driver.stepStatus(step)).toBe(isOwed ? 'compensated' : 'failed');
  });

  test.each(steps.map((step, index) => [step, index] as const))(
    'waits where the compensation of %s gives up, and goes on from there',
    (step, index) => {
      const driver = new SagaDriver(saga, input);
      for (const before of steps.slice(0, index)) driver.done(before);
      driver.command('cancel');
      driver.fail(undoes[index] ?? '', REFUSED);
      expect(driver.story).toHaveStatus('compensation_failed');
      expect(Object.keys(driver.state.live.activities)).toEqual([]);
      driver.command('retry');
      expect(unwind(driver)).toEqual(undoes.slice(0, index + 1).toReversed());
      expect(driver.story).toBeCompensated();
      expect(driver.stepStatus(step)).toBe('compensated');
    },
  );
});

describe('the order', () => {
  const paying = (): SagaDriver => {
    const saga = new SagaDriver(orderSaga, ORDER);
    saga.done('reserveInventory');
    saga.fail('processPayment', { ...LOST, retryable: false });
    return saga;
  };

  test('gives no money back that was never taken, as the provider says', () => {
    const saga = paying();
    saga.done('findPayment', { kind: 'never' });
    expect(unwind(saga)).toEqual(['releaseInventory']);
    expect(saga.story).toBeCompensated();
  });

  test('goes on with a payment that the provider knows', () => {
    const saga = paying();
    saga.done('findPayment', { kind: 'happened', output: { transactionId: 't' } });
    expect(Object.keys(saga.state.live.activities)).toEqual(['sendConfirmation']);
  });
});

describe('the onboarding', () => {
  const input = {
    customerId: 'c-1',
    name: 'Ada Example',
    email: 'ada@example.org',
    creditLimitMinor: 50_000,
    accounts: ['current', 'savings'],
  };
  const steps = ['openFile', 'checkCredit'];
  const undoes = ['closeFile', 'discardCreditCheck'];

  test.each(positionsOf(steps))('undoes in reverse where $step $way', ({ way, step, index }) => {
    const [turnBack, isOwed] = WAYS[way] ?? [() => {}, false];
    const saga = new SagaDriver(onboardingSaga, input);
    for (const before of steps.slice(0, index)) saga.done(before, { score: 700 });
    turnBack(saga, step);
    expect(unwind(saga)).toEqual(undoes.slice(0, isOwed ? index + 1 : index).toReversed());
    expect(saga.story).toBeCompensated();
  });

  test.each([
    ['is rejected', (saga: SagaDriver) => saga.send({ type: 'reject' })],
    ['is cancelled', (saga: SagaDriver) => saga.command('cancel')],
    ['is not decided in time', (saga: SagaDriver) => saga.fireTimer('approval.expires')],
    ['takes longer than its deadline', (saga: SagaDriver) => saga.fireTimer('deadline')],
  ])('undoes in reverse where the approval %s', (_, turnBack) => {
    const saga = new SagaDriver(onboardingSaga, input);
    for (const step of steps) saga.done(step, { score: 700 });
    turnBack(saga);
    expect(unwind(saga)).toEqual(undoes.toReversed());
    expect(saga.story).toBeCompensated();
  });

  /** An account under way, the first or the second. */
  function openingAccount(second: boolean): SagaDriver {
    const saga = new SagaDriver(onboardingSaga, input);
    for (const step of steps) saga.done(step, { score: 700 });
    saga.send({ type: 'approve' });
    if (second) saga.done('account', { accountNumber: 'BS1' });
    return saga;
  }

  test.each([
    ['is cancelled', (saga: SagaDriver) => saga.command('cancel')],
    ['takes longer than its hour', (saga: SagaDriver) => saga.fireTimer('account.within')],
    ['takes longer than the deadline', (saga: SagaDriver) => saga.fireTimer('deadline')],
  ])('unwinds the account first that is under way where it %s', (_, turnBack) => {
    for (const second of [false, true]) {
      const saga = openingAccount(second);
      turnBack(saga);
      // Its own saga unwinds before anything older is touched.
      expect(Object.keys(saga.state.live.activities)).toEqual(['account-unwind']);
      saga.done('account-unwind', null);
      if (second) {
        expect(Object.keys(saga.state.live.activities)).toEqual(['account-unwind']);
        saga.fail('account-unwind', { ...LOST, code: 'child-completed', retryable: false });
        expect(Object.keys(saga.state.live.activities)).toEqual(['withdrawAccount']);
        saga.done('withdrawAccount', null);
      }
      expect(unwind(saga)).toEqual(undoes.toReversed());
      expect(saga.story).toBeCompensated();
    }
  });
});
