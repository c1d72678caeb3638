/**
 * What can be checked of an order once its scenario is over: each check says what is expected, what
 * is there, and whether that is the same.
 *
 * Pure. Judged by the saga's state, its journal and the participants' books, never by what the lab
 * itself did. Invariant: a check that cannot be told yet is neither met nor broken.
 */
import type { SagaState, StepEntry } from '../../core/state.ts';
import type { SagaStatus } from '../../core/status.ts';
import type { JournalEntry } from '../../store/read-models.ts';
import type { OrderBooks } from './order-lab.ts';
import { wordsOf } from '../../server/dashboard/frame/status-badge.ts';

/** Everything that is known of one try. */
export interface Evidence {
  readonly state: SagaState;
  readonly journal: readonly JournalEntry[];
  readonly books: OrderBooks;
  /** The answer of `GET /saga/status/{id}`. */
  readonly answer: object;
  /** Whether a dead letter of this saga is open. */
  readonly hasDeadLetter: boolean;
  /** What the lab saw on the way. */
  readonly note: string;
}

/** One expectation. */
export interface Check {
  readonly expected: string;
  /** What is there, in words, and whether it is as expected; `null`: it cannot be told. */
  find(evidence: Evidence): { readonly found: string; readonly holds: boolean | null };
}

export function endsAs(status: SagaStatus): Check {
  return {
    expected: `The saga ends as “${wordsOf(status)}”.`,
    find: ({ state }) => ({
      found: `it is ${wordsOf(state.status)}`,
      holds: state.status === status,
    }),
  };
}

/** Nothing of the order's stock is held or gone. */
export const stockIsBack: Check = {
  expected: 'The stock is back on the shelf.',
  find: ({ books }) => {
    const away = books.reservations.filter((status) => status === 'held' || status === 'shipped');
    const found = `reservation ${books.reservations.join(', ') || 'never made'}`;
    return { found, holds: away.length === 0 };
  },
};

/** Our books and the provider's agree that the customer has the money. */
export const customerPaidNothing: Check = {
  expected: 'The customer has paid nothing, or has it all back.',
  find: ({ books: { charges, provider } }) => ({
    found: `charged: ${charges.join(', ') || 'never'}; provider: ${providerWords(provider)}`,
    holds:
      provider === null
        ? null
        : charges.every((status) => status === 'refunded') && provider !== 'charged',
  }),
};

export const customerPaidOnce: Check = {
  expected: 'The customer is charged exactly once.',
  find: ({ books: { charges, provider } }) => ({
    found: `${charges.length} charge${charges.length === 1 ? '' : 's'}; provider: ${providerWords(provider)}`,
    holds:
      provider === null
        ? null
        : charges.length === 1 && charges[0] === 'completed' && provider === 'charged',
  }),
};

/** The money is still taken: what an open dead letter must not hide. */
export const moneyIsStillTaken: Check = {
  expected: 'The money is still taken, and the books say so.',
  find: ({ books: { charges, provider } }) => ({
    found: `charged: ${charges.join(', ') || 'never'}; provider: ${providerWords(provider)}`,
    holds: provider === null ? null : charges.includes('completed') && provider === 'charged',
  }),
};

export const deadLetterIsOpen: Check = {
  expected: 'A dead letter asks a person to decide.',
  find: ({ hasDeadLetter }) => ({
    found: hasDeadLetter ? 'it is open' : 'there is none',
    holds: hasDeadLetter,
  }),
};

export const noMailWasSent: Check = {
  expected: 'No mail went out, and none waits to be sent.',
  find: ({ books: { mails } }) => ({
    found: `mail ${mails.join(', ') || 'never queued'}`,
    holds: mails.every((status) => status === 'cancelled'),
  }),
};

export const mailWasCancelled: Check = {
  expected: 'The mail was queued, then cancelled; it never went out.',
  find: ({ books: { mails } }) => ({
    found: `mail ${mails.join(', ') || 'never queued'}`,
    holds: mails.length === 1 && mails[0] === 'cancelled',
  }),
};

export const oneMail: Check = {
  expected: 'The customer gets one mail.',
  find: ({ books: { mails } }) => ({
    found: `mail ${mails.join(', ') || 'never queued'}`,
    // Delivered after the saga completed, so it may still wait for a moment.
    holds: mails.length === 1 ? (mails[0] === 'queued' ? null : mails[0] === 'sent') : false,
  }),
};

/** The step that failed is in the record, with its reason. */
export function failureIsRecorded(name: string): Check {
  return {
    expected: `The failed step ${name} is recorded with its reason.`,
    find: ({ state }) => {
      const error = stepOf(state, name)?.error;
      return {
        found: error === undefined ? 'no error recorded' : `${error.code}: ${error.message}`,
        holds: error !== undefined,
      };
    },
  };
}

export function isTriedAgain(name: string, attempts: number): Check {
  return {
    expected: `${name} is tried ${attempts} times.`,
    find: ({ state }) => {
      const made = stepOf(state, name)?.attempts ?? 0;
      return { found: `${made} attempt${made === 1 ? '' : 's'}`, holds: made === attempts };
    },
  };
}

/** Reverse order of start, and never two at a time. */
export const compensatedInReverse: Check = {
  expected: 'Compensations run one after the other, the last step first.',
  find: ({ state }) => {
    const backwards = state.steps.toReversed().flatMap(({ compensation }) => compensation ?? []);
    const holds = backwards.every((one, index) => {
      const before = backwards[index - 1];
      return before?.endedAtMs === undefined
        ? index === 0
        : before.endedAtMs <= one.startedAtMs && one.endedAtMs !== undefined;
    });
    const found = backwards.map(({ name }) => name).join(', then ') || 'none ran';
    return { found, holds: holds && backwards.length > 1 };
  },
};

/** Once it turned back it never went forward again. */
export const neverForwardAgain: Check = {
  expected: 'Once it turns back, no step starts again.',
  find: ({ journal }) => {
    const turned = journal.findIndex(({ status }) => status === 'compensating');
    const after = turned === -1 ? [] : journal.slice(turned);
    const forward = after.filter(({ status }) => status === 'running');
    return {
      found: turned === -1 ? 'it did not turn back' : `${forward.length} steps started after that`,
      holds: turned !== -1 && forward.length === 0,
    };
  },
};

/** The crash is in the record: an attempt whose process was gone. */
export const crashIsRecorded: Check = {
  expected: 'The record shows the attempt that the crash cut off.',
  find: ({ journal }) => {
    const cut = journal.filter(({ cause }) => cause === 'interrupted').length;
    return { found: `${cut} interrupted attempt${cut === 1 ? '' : 's'}`, holds: cut > 0 };
  },
};

/** Whoever asks is told the truth. */
export const answerIsHonest: Check = {
  expected: 'Whoever asks is told “compensated”, never “success”.',
  find: ({ answer }) => {
    const status: unknown = Reflect.get(answer, 'status');
    const isClaimed = /"success"/.test(JSON.stringify(answer));
    return {
      found: `the answer says ${String(status)}${isClaimed ? ' and success' : ''}`,
      holds: status === 'compensated' && !isClaimed,
    };
  },
};

export const lateChargeIsRefused: Check = {
  expected: 'The provider refuses the charge that comes after its refund.',
  find: ({ note, books }) => ({
    found: note === '' ? 'not sent yet' : note,
    holds: note === '' || books.provider === null ? null : note.startsWith('refused'),
  }),
};

export const expiryReleasesStock: Check = {
  expected: 'The sweep finds the expired reservation and releases it.',
  find: ({ books }) => ({
    found: `reservation ${books.reservations.join(', ') || 'never made'}`,
    holds: books.reservations.length === 1 && books.reservations[0] === 'released',
  }),
};

function stepOf({ steps }: SagaState, name: string): StepEntry | undefined {
  return steps.findLast((step) => step.name === name);
}

function providerWords(provider: OrderBooks['provider']): string {
  return provider ?? 'does not answer';
}
