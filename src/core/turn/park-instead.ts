/**
 * Turns that must not count: one that would end a saga against its ledger, and one in which the
 * machine ends in an error because nothing handles a failure. The saga is parked as it was before,
 * with a reason that names the step, so that a person can compensate it, or retry it once the
 * definition is corrected.
 *
 * Pure. Invariant: nothing that came in is lost. An event is kept, and what was live stays on record:
 * when the saga goes on, a timer fires and a success comes again under its key. A failure is in the
 * ledger at once, so that what failed for certain is never taken for doubtful.
 */
import type { SagaDefinition } from '../define/definition.ts';
import { rememberEvent } from './early-events.ts';
import { stopEffects } from './effects.ts';
import { type Failure, isFailure, toFailure } from '../failure.ts';
import type { Inbound, Turn } from './inbound.ts';
import { recordOf } from '../history/journal-record.ts';
import { isOwed } from './ledger.ts';
import { withAnswer } from './ledger-turn.ts';
import { NOTHING_LIVE } from './live.ts';
import type { SagaState, StepEntry } from '../state.ts';
import { statePath } from '../machine/state-path.ts';

/** Code of the reason when an end would leave something owed, open or in doubt. */
export const UNSETTLED = 'unsettled';

/** Code of the reason when a machine has no transition for a failure. */
export const UNHANDLED = 'unhandled';

/** The turn as it counts: itself, or the one that parks the saga in its place. */
export function parkInstead(
  definition: SagaDefinition,
  before: SagaState,
  inbound: Inbound,
  taken: Turn,
  nowMs: number,
): Turn {
  if (taken.kind !== 'advanced') return taken;
  const why = reasonAgainst(definition, before, taken.state);
  if (why === null) return taken;
  const next: SagaState = {
    ...keeping(definition, before, inbound, nowMs),
    seq: before.seq + 1,
    status: 'parked',
    parkReason: why,
  };
  const { event } = taken.record;
  const record = recordOf(before, next, { inbound, event, nowMs, note: why.message });
  return {
    kind: 'advanced',
    state: next,
    effects: stopEffects(before.live, NOTHING_LIVE, 'keep'),
    record,
  };
}

function reasonAgainst(
  definition: SagaDefinition,
  before: SagaState,
  { snapshot, status, steps }: SagaState,
): Failure | null {
  if (snapshot.status === 'active') return null;
  if (snapshot.status === 'error') return unhandled(before, snapshot.error);
  const entry = unsettledEntry(definition, { status, steps });
  if (entry === undefined) return null;
  const place = statePath(snapshot.value);
  const message =
    `it would end ${status} in ${place}, but step "${entry.name}" ${wordsFor(entry)}; ` +
    'compensate it, or retry it once its definition is mended';
  return { code: UNSETTLED, message, retryable: false, ambiguous: false };
}

/**
 * The entry that forbids a saga to end as `compensated` or `completed`: something is owed, open or
 * in doubt; `undefined`: none does. A completed saga stands by what it has done, and an actor that
 * it spawned ends with it, as in XState.
 */
function unsettledEntry(
  { invokes, speaksOfSteps }: Pick<SagaDefinition, 'invokes' | 'speaksOfSteps'>,
  { status, steps }: Pick<SagaState, 'status' | 'steps'>,
): StepEntry | undefined {
  if (!speaksOfSteps) return undefined;
  if (status === 'compensated') return steps.findLast(isOwed);
  if (status !== 'completed') return undefined;
  const isOpen = (entry: StepEntry): boolean => isOwed(entry) && entry.status !== 'completed';
  // What no state invokes was spawned.
  const isInvoked = ({ name }: StepEntry): boolean =>
    [...invokes.values()].some(({ step, isSpawned }) => step === name && isSpawned !== true);
  return steps.findLast((entry) => isOpen(entry) && isInvoked(entry));
}

function unhandled(before: SagaState, error: unknown): Failure {
  const { code, message, ambiguous } = isFailure(error) ? error : toFailure(error);
  const place = statePath(before.snapshot.value);
  const what = `nothing handles this failure in ${place}: ${code}: ${message}`;
  return { code: UNHANDLED, message: what, retryable: false, ambiguous };
}

function wordsFor({ status }: StepEntry): string {
  switch (status) {
    case 'completed':
      return 'is done and was not compensated';
    case 'compensating':
      return 'is not compensated yet';
    case 'compensation_failed':
      return 'could not be compensated';
    case 'running':
    case 'retrying':
    case 'in_doubt':
    case 'failed':
      return 'may have happened, and nobody knows';
    case 'pending':
    case 'compensated':
    case 'skipped':
      return 'is settled';
  }
}

function keeping(
  definition: SagaDefinition,
  before: SagaState,
  inbound: Inbound,
  nowMs: number,
): SagaState {
  if (inbound.kind === 'event') {
    const { id, event } = inbound;
    const seenEvents = rememberEvent(before, id);
    return { ...before, seenEvents, early: [...before.early, { id, event }] };
  }
  if (inbound.kind !== 'result' || inbound.outcome.kind === 'done') return before;
  const failed = before.live.activities[inbound.activity];
  if (failed === undefined) return before;
  const activities = {
    ...before.live.activities,
    [inbound.activity]: { ...failed, hasFailed: true as const },
  };
  const steps = withAnswer(definition, before, inbound, nowMs);
  return { ...before, live: { ...before.live, activities }, steps };
}
