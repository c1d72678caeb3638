/**
 * What is live in a saga, from turn to turn: attempts get their tokens and the numbers that their keys
 * are made of.
 */
import type { SagaDefinition } from '../define/definition.ts';
import type { Inbound } from './inbound.ts';
import { presentEntry } from './ledger.ts';
import { wayOfActor } from '../machine/actors/actor-facts.ts';
import { UNWIND_CHILD } from '../machine/machine-roles.ts';
import { childSagaId } from './parent-link.ts';
import type { Rearrangement } from './rearrange.ts';
import type { Direction, Live, LiveActivity, StepEntry } from '../state.ts';
import type { StepStatus } from '../status.ts';

export const NOTHING_LIVE: Live = { activities: {}, timers: {} };

/** Ties a turn's invocations to the ledger as it stands once the turn's endings are in it. */
export function admit(
  definition: SagaDefinition,
  { id: sagaId, steps }: { readonly id: string; readonly steps: readonly StepEntry[] },
  { kept, invoked }: Rearrangement,
  token: number,
): Live {
  if (invoked.length === 0) return kept;
  const activities: Record<string, LiveActivity> = { ...kept.activities };
  for (const { id, src, input, isSynced } of invoked) {
    const role = definition.invokes.get(id);
    const step = role?.step ?? id;
    const direction = role?.direction ?? 'forward';
    const present = presentEntry(steps, step, direction);
    const isNewChild = Object.hasOwn(definition.children, src);
    const numbers = isNewChild ? nextChild(present) : nextNumbers(direction, present);
    const isChild = src === UNWIND_CHILD || isNewChild;
    const keyName = numbers.occurrence === present?.occurrence ? present.keyName : undefined;
    activities[id] = {
      token,
      src,
      input,
      step,
      ...(keyName === undefined ? {} : { keyName }),
      direction,
      ...numbers,
      dispatches: 1,
      ...(role?.isRepeatable === false && !isChild ? { isOnce: true } : {}),
      ...(role === undefined ? { isSpawned: true } : {}),
      ...(isSynced === true ? { isSynced } : {}),
      ...(wayOfActor(definition.machine, src) === 'listener' ? { isListener: true } : {}),
      ...(isChild ? { childId: childSagaId(sagaId, keyName ?? step, numbers.occurrence) } : {}),
    };
  }
  return { activities, timers: kept.timers };
}

function nextNumbers(direction: Direction, entry: StepEntry | undefined): AttemptNumbers {
  switch (direction) {
    case 'forward':
      return nextForward(entry);
    case 'compensate':
      return nextCompensation(entry);
    case 'probe':
      return { occurrence: entry?.occurrence ?? 1, attempt: (entry?.probes ?? 0) + 1 };
  }
}

// The child of the last occurrence is over, or was left and told to end: nothing can take it up again.
function nextChild(last: StepEntry | undefined): AttemptNumbers {
  return { occurrence: (last?.occurrence ?? 0) + 1, attempt: 1 };
}

interface AttemptNumbers {
  readonly occurrence: number;
  readonly attempt: number;
}

// A new occurrence, hence a new key, only once the last one came to rest (a loop, or a step run
// again after it was compensated or failed for certain) or its compensation began, which may have
// fenced the key. Everything else, a retry delay (status `retrying`) or a doubt included, is a
// further attempt under the same key.
function nextForward(last: StepEntry | undefined): AttemptNumbers {
  if (last === undefined) return { occurrence: 1, attempt: 1 };
  if (isAtRest(last.status) || last.compensation !== undefined) {
    return { occurrence: last.occurrence + 1, attempt: 1 };
  }
  return { occurrence: last.occurrence, attempt: last.attempts + 1 };
}

function nextCompensation(owed: StepEntry | undefined): AttemptNumbers {
  return {
    occurrence: owed?.occurrence ?? 1,
    attempt: (owed?.compensation?.attempts ?? 0) + 1,
  };
}

function isAtRest(status: StepStatus): boolean {
  return (
    status === 'completed' ||
    status === 'failed' ||
    status === 'compensated' ||
    status === 'skipped'
  );
}

/**
 * The same attempts, under way once more: what an earlier dispatch did is not known. A child saga
 * is only looked at again.
 *
 * @param wasClean the earlier dispatch was ended in good order, which is no fault of the activity
 */
export function dispatchedAgain(
  live: Live,
  isChosen: (activity: string) => boolean,
  wasClean: boolean,
): Live {
  const activities = { ...live.activities };
  for (const [id, activity] of Object.entries(live.activities)) {
    if (!isChosen(id) || activity.childId !== undefined || activity.isListener) continue;
    const { dispatches, cleanStops = 0 } = activity;
    const again = { ...activity, dispatches: dispatches + 1 };
    activities[id] = wasClean ? { ...again, cleanStops: cleanStops + 1 } : again;
  }
  return { ...live, activities };
}

/** A turn, as far as attempts end in it. */
export interface Ending {
  readonly inbound: Inbound;
  /** Live before the turn. */
  readonly before: Live;
  /** The same without what the inbound consumed. */
  readonly left: Live;
  /** What stayed live of it. */
  readonly kept: Live;
}

/**
 * The attempts that a turn may have ended, by id. Of hundreds side by side it is one, as a rule, and the
 * machine lets the others be.
 */
export function mayHaveEnded({ inbound, before, left, kept }: Ending): readonly string[] {
  if (kept.activities !== left.activities) return Object.keys(before.activities);
  if (left.activities === before.activities) return [];
  return inbound.kind === 'result' ? [inbound.activity] : Object.keys(before.activities);
}

type Result = Extract<Inbound, { kind: 'result' }>;

/**
 * The result as it counts: when an earlier dispatch of the attempt was cut off, that one may have
 * had its effect, whatever the last one says of its own.
 */
export function resultOf(answered: LiveActivity, result: Result): Result {
  const { outcome } = result;
  if (answered.dispatches === 1 || outcome.kind === 'done') return result;
  return { ...result, outcome: { ...outcome, failure: { ...outcome.failure, ambiguous: true } } };
}
