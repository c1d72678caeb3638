/**
 * One bank account for a new customer: its number is reserved, then it is opened. A child of the
 * onboarding saga, and a saga like any other.
 */
import { z } from 'zod';
import { defineSaga } from '../src/core/define/saga.ts';

/** What an account is opened with. */
export interface AccountRequest {
  readonly customerId: string;
  readonly kind: AccountKind;
}

export type AccountKind = 'current' | 'savings' | 'card';

/** The activities of the account saga. */
export type AccountActivities = {
  reserveNumber: (input: AccountRequest) => { accountNumber: string };
  releaseNumber: (input: AccountRequest) => void;
  openAccount: (input: AccountRequest & { accountNumber: string }) => void;
  closeAccount: (input: AccountRequest) => void;
};

export const ACCOUNT_KINDS = ['current', 'savings', 'card'] as const;

export const AccountInput = z.strictObject({
  customerId: z.string().trim().min(1).max(100),
  kind: z.enum(ACCOUNT_KINDS),
});

export const accountSaga = defineSaga({
  id: 'account',
  input: AccountInput,
  activities: {} as AccountActivities,
  deadline: '10m',
})
  .step('reserveNumber', {
    input: ({ input }) => input,
    timeout: '3s',
    compensate: { activity: 'releaseNumber', input: ({ input }) => input, timeout: '3s' },
  })
  .step('openAccount', {
    input: ({ input, results }) => ({ ...input, ...results.reserveNumber }),
    timeout: '3s',
    compensate: { activity: 'closeAccount', input: ({ input }) => input, timeout: '3s' },
  })
  .output(({ results }) => ({ accountNumber: results.reserveNumber.accountNumber }))
  .build();
