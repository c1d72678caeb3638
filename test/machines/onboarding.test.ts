/** Onboarding: what is left out, who is reminded, and in what order each failure is undone. */
import { describe, expect, test } from 'vitest';
import { OnboardingInput, onboardingSaga } from '../../machines/onboarding.ts';
import type { Failure } from '../../src/core/failure.ts';
import { legalCommands } from '../../src/core/turn/legal.ts';
import { LOST, REFUSED, SagaDriver } from '../core/turn/saga-driver.ts';

const INPUT = {
  customerId: 'c-1',
  name: 'Ada Example',
  email: 'ada@example.org',
  creditLimitMinor: 50_000,
  accounts: ['current', 'savings'],
};

const DAY_MS = 86_400_000;
const COMPLETED: Failure = { ...LOST, code: 'child-completed', retryable: false };

const start = (more: object = {}): SagaDriver =>
  new SagaDriver(onboardingSaga, { ...INPUT, ...more });

/** What succeeds, in order, until the customer is welcomed. */
const FORWARD: readonly ((saga: SagaDriver) => unknown)[] = [
  (saga) => saga.done('openFile'),
  (saga) => saga.done('checkCredit', { score: 700 }),
  approve,
  (saga) => saga.done('account', { accountNumber: 'BS1' }),
  (saga) => saga.done('account', { accountNumber: 'BS2' }),
];

function approve(saga: SagaDriver): void {
  saga.take({ kind: 'event', id: 'approve-1', event: { type: 'approve' } });
}

function after(count: number, saga = start()): SagaDriver {
  for (const succeed of FORWARD.slice(0, count)) succeed(saga);
  return saga;
}

/** Lets every compensation succeed; an account that was opened is withdrawn by the parent. */
function unwind(saga: SagaDriver): string[] {
  const undone: string[] = [];
  for (;;) {
    const [activity] = Object.keys(saga.state.live.activities);
    if (activity === undefined) return undone;
    undone.push(activity);
    if (activity === 'account-unwind' && !isInDoubt(saga)) saga.fail(activity, COMPLETED);
    else saga.done(activity, null);
  }
}

/** True while nobody knows how the account that is unwound came out. */
function isInDoubt(saga: SagaDriver): boolean {
  const occurrence = saga.state.live.activities['account-unwind']?.occurrence;
  const entry = saga.state.steps.find(
    (each) => each.name === 'account' && each.occurrence === occurrence,
  );
  return entry?.mayHaveHappened === true;
}

test('runs file, credit, approval, an account each, and the welcome with their numbers', () => {
  const saga = after(5);
  expect(saga.started).toEqual(['openFile', 'checkCredit', 'account', 'account', 'sendWelcome']);
  const welcome = saga.state.live.activities['sendWelcome'];
  expect(welcome?.input).toMatchObject({ accountNumbers: ['BS1', 'BS2'] });
  saga.done('sendWelcome');
  expect(saga.state.status).toBe('completed');
  expect(saga.state.snapshot.output).toEqual(['BS1', 'BS2']);
});

test('checks no credit that nobody asked for', () => {
  const saga = start({ creditLimitMinor: 0 });
  saga.done('openFile');
  expect(saga.state.status).toBe('waiting');
});

test('gives each account a child of its own, with its own kind', () => {
  const saga = after(3);
  const first = saga.state.live.activities['account'];
  expect(first).toMatchObject({ childId: 'saga-1.account.1', input: { kind: 'current' } });
  saga.done('account', { accountNumber: 'BS1' });
  const second = saga.state.live.activities['account'];
  expect(second).toMatchObject({ childId: 'saga-1.account.2', input: { kind: 'savings' } });
});

test('reminds every week, and turns back 30 days after the question, not after a reminder', () => {
  const saga = after(2);
  const askedMs = saga.nowMs;
  for (let week = 1; week <= 4; week++) {
    saga.fireNextTimer();
    expect(saga.nowMs - askedMs).toBe(week * 7 * DAY_MS);
    expect(saga.effects).toMatchObject([{ event: { type: 'onboarding.reminder' } }]);
  }
  saga.fireNextTimer();
  expect(saga.nowMs - askedMs).toBe(30 * DAY_MS);
  expect(saga.state.failureReason).toMatchObject({ code: 'wait-expired' });
  expect(unwind(saga)).toEqual(['discardCreditCheck', 'closeFile']);
});

describe('is undone in reverse order of start', () => {
  const CHECKED = ['discardCreditCheck', 'closeFile'];
  test.each([
    ['when the file is refused', 0, 'openFile', REFUSED, []],
    ['when credit is refused', 1, 'checkCredit', REFUSED, ['closeFile']],
    ['when the first account is refused', 3, 'account', REFUSED, CHECKED],
    [
      'when nobody knows of the first account',
      3,
      'account',
      { ...LOST, retryable: false },
      ['account-unwind', ...CHECKED],
    ],
    [
      'when the second account is refused',
      4,
      'account',
      REFUSED,
      ['account-unwind', 'withdrawAccount', ...CHECKED],
    ],
  ] as const)('%s', (_, count, activity, failure, order) => {
    const saga = after(count);
    saga.fail(activity, failure);
    expect(unwind(saga)).toEqual(order);
    expect(saga.state.status).toBe('compensated');
  });

  test('when it is cancelled, at any time before the welcome', () => {
    for (let count = 0; count < FORWARD.length; count++) {
      const saga = after(count);
      expect(legalCommands(saga.state)).toContain('cancel');
      saga.command('cancel', 'changed my mind');
      unwind(saga);
      expect(saga.state.status).toBe('compensated');
    }
    expect(legalCommands(after(FORWARD.length).state)).not.toContain('cancel');
  });
});

test.each([
  ['an account twice', { accounts: ['card', 'card'] }, 'each kind of account at most once'],
  ['no account', { accounts: [] }, 'accounts'],
  ['a wrong mail address', { email: 'nowhere' }, 'email'],
])('an application with %s is refused, naming it', (_, more, place) => {
  const { error } = OnboardingInput.safeParse({ ...INPUT, ...more });
  expect(JSON.stringify(error?.issues)).toContain(place);
});
