/** What verify says of the demo's smaller sagas; the trip has its own test, it takes longer. */
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
  const { findings, exhaustive } = verify(saga);
  expect(findings).toEqual([]);
  expect(exhaustive).toBe(true);
});
