/**
 * How long the stored state of a saga may be, and which turns are held to it.
 *
 * What brings data in is: a start, an event, a result, a step that begins. What only leads to the
 * end is not: a saga that turned back, was parked or ended writes its turn however long the state,
 * or else what it has started could never be undone. Such turns add some hundred characters a step,
 * so the state stays within a small multiple of the bound.
 */
import { BackstepError } from '../../core/errors.ts';
import type { Failure } from '../../core/failure.ts';
import type { Inbound, JournalRecord } from '../../core/turn/inbound.ts';
import { isOver, isStill, type LiveActivity, type SagaState } from '../../core/state.ts';

/**
 * Share of the bound that the results of steps may fill. The rest is for what a saga that goes on
 * adds without results: inputs, attempts and their errors, events.
 */
const RESULT_SHARE = 0.75;

/** A turn about to be committed. */
interface Grown {
  readonly before: SagaState | null;
  readonly after: SagaState;
  readonly record: JournalRecord;
}

/** Throws `too-large` when the state after the turn, of that length, is over the turn's bound. */
export function assertLength(turn: Grown, length: number, stateLength: number): void {
  if (length <= stateLength * RESULT_SHARE) return; // nearly always
  const most = boundOf(turn, stateLength);
  if (length <= most) return;
  throw new BackstepError(
    'too-large',
    `saga ${turn.after.id}: state of ${length} characters is over the limit of ${most}; ` +
      'keep large results outside and their ids in the saga',
  );
}

/**
 * What an attempt failed of whose result makes the state too long; `null` when the error is another
 * one, or the inbound no result that may be left out.
 *
 * @param isWritten false: what the attempt did commits with its turn, so that nothing happened
 */
export function tooLongResult(
  error: unknown,
  inbound: Inbound,
  isWritten: boolean,
): Failure | null {
  if (!(error instanceof BackstepError) || error.code !== 'too-large') return null;
  if (inbound.kind !== 'result' || inbound.outcome.kind !== 'done') return null;
  const { message } = error;
  return { code: 'state-too-large', message, retryable: false, ambiguous: isWritten };
}

function boundOf({ before, after, record }: Grown, stateLength: number): number {
  const { inbound } = record;
  if (before !== null && after.early.length > before.early.length) return stateLength;
  if (inbound.kind === 'result' && inbound.outcome.kind === 'done' && record.kind !== 'note') {
    const answered = before?.live.activities[inbound.activity];
    if (answered !== undefined && answered.direction !== 'compensate') {
      return needsRoom(after, answered) ? stateLength * RESULT_SHARE : stateLength;
    }
  }
  return isHeld(after, record) ? stateLength : Infinity;
}

// A step that is not compensated, or a saga that is over, has nothing more to add.
function needsRoom(after: SagaState, { step, occurrence }: LiveActivity): boolean {
  const isIt = (entry: SagaState['steps'][number]): boolean =>
    entry.name === step && entry.occurrence === occurrence;
  return !isOver(after) && after.steps.find(isIt)?.kind === 'compensatable';
}

function isHeld(after: SagaState, { kind, inbound }: JournalRecord): boolean {
  if (kind === 'note' || inbound.kind === 'migrate') return false;
  if (isOver(after) || isStill(after)) return false;
  return after.status === 'running' || after.status === 'waiting';
}
