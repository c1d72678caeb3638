/**
 * A bank takes a customer in: a file is opened, credit is checked where it was asked for, a person
 * approves within 30 days and is reminded meanwhile, every account that was asked for is opened by
 * a saga of its own, and the customer is welcomed. Until then it can be cancelled at any time.
 */
import { z } from 'zod';
import { defineSaga } from '../src/core/define/saga.ts';
import { ACCOUNT_KINDS, type AccountRequest, accountSaga } from './account.ts';

/** Who wants to become a customer. */
export interface Applicant {
  readonly customerId: string;
  readonly name: string;
  readonly email: string;
}

/** The activities of the onboarding saga; accounts bring their own. */
export type OnboardingActivities = {
  openFile: (input: Applicant) => void;
  closeFile: (input: Applicant & { reason: string }) => void;
  checkCredit: (input: { customerId: string; limitMinor: number }) => { score: number };
  discardCreditCheck: (input: { customerId: string }) => void;
  withdrawAccount: (input: AccountRequest) => void;
  sendWelcome: (input: Applicant & { accountNumbers: readonly string[] }) => void;
};

const MAX_LIMIT_MINOR = 10_000_000;

export const OnboardingInput = z.strictObject({
  customerId: z.string().trim().min(1).max(100),
  name: z.string().trim().min(1).max(100),
  email: z.email().max(254),
  /** Credit that is asked for, in minor units; 0: none, and nothing is checked. */
  creditLimitMinor: z.int().min(0).max(MAX_LIMIT_MINOR).default(0),
  /** Each kind once. */
  accounts: z
    .array(z.enum(ACCOUNT_KINDS))
    .min(1)
    .refine((kinds) => new Set(kinds).size === kinds.length, 'each kind of account at most once'),
});

type Application = z.output<typeof OnboardingInput>;

export const onboardingSaga = defineSaga({
  id: 'onboarding',
  input: OnboardingInput,
  activities: {} as OnboardingActivities,
  deadline: '35d',
  examples: {
    input: {
      customerId: 'c-1',
      name: 'Ada Example',
      email: 'ada@example.org',
      creditLimitMinor: 50_000,
      accounts: ['current', 'savings'],
    },
    outputs: { account: [{ accountNumber: 'BS1' }] },
  },
})
  .step('openFile', {
    input: ({ input }) => applicant(input),
    timeout: '3s',
    compensate: {
      activity: 'closeFile',
      input: ({ input, failure }) => ({ ...applicant(input), reason: failure.message }),
      timeout: '3s',
    },
  })
  .step('checkCredit', {
    when: ({ input }) => input.creditLimitMinor > 0,
    input: ({ input }) => ({ customerId: input.customerId, limitMinor: input.creditLimitMinor }),
    timeout: '5s',
    compensate: {
      activity: 'discardCreditCheck',
      input: ({ input }) => ({ customerId: input.customerId }),
      timeout: '3s',
    },
  })
  .wait('approval', {
    on: { approve: 'continue', reject: 'compensate' },
    within: '30d',
    remind: {
      every: '7d',
      emit: ({ input }) => ({ type: 'onboarding.reminder', customerId: input.customerId }),
    },
  })
  .repeat('accounts', {
    atMost: ACCOUNT_KINDS.length,
    steps: (round) =>
      round.child('account', {
        saga: accountSaga,
        input: ({ input, round: number }) => accountRequest(input, number),
        within: '1h',
        compensate: {
          activity: 'withdrawAccount',
          input: ({ input, round: number }) => accountRequest(input, number),
          timeout: '3s',
        },
      }),
    while: ({ input, round }) => round <= input.accounts.length,
  })
  .step('sendWelcome', {
    kind: 'retriable',
    input: ({ input, results }) => ({
      ...applicant(input),
      accountNumbers: results.accounts.map(({ account }) => account.accountNumber),
    }),
    timeout: '5s',
  })
  .output(({ results }) => results.accounts.map(({ account }) => account.accountNumber))
  .build();

function applicant({ customerId, name, email }: Application): Applicant {
  return { customerId, name, email };
}

function accountRequest({ customerId, accounts }: Application, round: number): AccountRequest {
  return { customerId, kind: accounts[round - 1] ?? 'current' };
}
