/** The proof that the demo's smaller sagas compensate; the trip has its own, it takes longer. */
import { expect, test } from 'vitest';
import { accountSaga } from '../../machines/account.ts';
import { onboardingSaga } from '../../machines/onboarding.ts';
import { orderSaga } from '../../machines/order.ts';
import { verify } from '../../src/verify/verify.ts';

test.each([
  ['order', orderSaga],
  ['account', accountSaga],
  ['onboarding', onboardingSaga],
])('nothing is found in any state of the %s', (_, saga) => {
  const { findings, isExhaustive } = verify(saga);
  expect(findings).toEqual([]);
  expect(isExhaustive).toBe(true);
});
