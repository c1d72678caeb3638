/**
 * How a saga came out, told from its state or from its row in the store.
 *
 * Pure. Invariant: every status that counts as settled has a member of its own, so that a program
 * that tells them apart is told by the compiler what it forgot.
 */
import { parseStored } from '../core/history/codec.ts';
import { type Failure, failureOfText } from '../core/failure.ts';
import type { Resolution, SagaState } from '../core/state.ts';
import type { SagaStatus, SettledStatus } from '../core/status.ts';
import {
  type DeadLetterContents,
  deadLetterContents,
  unreadableContents,
} from '../core/turn/dead-letter.ts';
import type { StoredSaga } from '../store/store.ts';

/**
 * How a settled saga came out. `failure` says why it left its path. `compensation_failed`, `failed`
 * (after the pivot) and `parked` need a person, unless `resolution` says that one has settled it.
 * `removed`: it ended so long ago that only its start key is kept, see `keepEndedFor`.
 */
export type Outcome<Output = unknown> =
  | { readonly status: 'completed'; readonly output: Output }
  | { readonly status: 'compensated'; readonly failure: Failure }
  | ({ readonly status: 'compensation_failed' } & GivenUp)
  | ({ readonly status: 'failed' } & GivenUp)
  | ({ readonly status: 'parked' } & GivenUp)
  | { readonly status: 'terminated' }
  | { readonly status: 'removed'; readonly endedAs: SagaStatus | null };

/** What is told of a saga that the engine gave up on. */
export interface GivenUp {
  readonly failure: Failure;
  readonly deadLetter: DeadLetterContents;
  /** `null` as long as nobody has settled it. */
  readonly resolution: Resolution | null;
}

/** Where a saga stood, not settled yet, when the time was over that was given to wait for it. */
export interface Unsettled {
  readonly status: Exclude<SagaStatus, SettledStatus>;
}

/** What an outcome is told from. */
type Told = Pick<SagaState, 'failureReason' | 'parkReason' | 'steps' | 'resolution'> & {
  readonly status: SettledStatus;
  readonly output: unknown;
};

/** Of a machine that turned back without a word. */
const NO_REASON: Failure = {
  code: 'unspecified',
  message: 'the machine of the saga gave no reason',
  retryable: false,
  ambiguous: false,
};

/** How a settled saga came out, by its state. */
export function outcomeOf(state: SagaState, status: SettledStatus): Outcome {
  return told({ ...state, status, output: state.snapshot.output as unknown });
}

/**
 * The same by its row, whatever is registered. `error`: the row's own, for a saga that its row
 * alone says is parked. Throws `state-unreadable`.
 */
export function storedOutcome(
  { id, state: text, format }: StoredSaga,
  status: SettledStatus,
  error: string | null,
): Outcome {
  const parkReason = error === null ? NO_REASON : failureOfText(error);
  try {
    const { machine, resolution = null, ...parts } = parseStored(id, text, format);
    const isParked = status === 'parked' ? { parkReason: parts.parkReason ?? parkReason } : {};
    return told({ ...parts, ...isParked, status, resolution, output: machine.output });
  } catch (thrown) {
    if (status !== 'parked') throw thrown;
    const deadLetter = unreadableContents(text, parkReason);
    return { status, failure: parkReason, deadLetter, resolution: null };
  }
}

function told(saga: Told): Outcome {
  const { status, output, failureReason, resolution } = saga;
  switch (status) {
    case 'completed':
      return { status, output: output ?? null };
    case 'compensated':
      return { status, failure: failureReason ?? NO_REASON };
    case 'compensation_failed':
    case 'failed':
    case 'parked': {
      const deadLetter = deadLetterContents(saga);
      return { status, failure: deadLetter.error ?? NO_REASON, deadLetter, resolution };
    }
    case 'terminated':
      return { status };
  }
}
