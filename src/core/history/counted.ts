/**
 * What a turn adds to the figures of its type. Pure; it goes along with the record of a turn, so
 * that it is counted where the turn becomes durable, once, whichever process took it.
 */
import type { SagaDefinition } from '../define/definition.ts';
import type { SagaState, StepEntry } from '../state.ts';
import { isNewlySettled, isSettled } from '../status.ts';
import type { Effect, Inbound, JournalRecord } from '../turn/inbound.ts';

/** What is counted of a step. */
export const COUNTED_OF_STEPS = [
  'retry',
  'timeout',
  'interruption',
  'doubt',
  'compensation',
  'compensation-done',
  'compensation-failed',
] as const;

export type CountedOfStep = (typeof COUNTED_OF_STEPS)[number];

/** One thing that happened. */
export type Counted =
  | { readonly what: 'started' | 'settled' }
  | { readonly what: CountedOfStep; readonly step: string };

/** A turn, as far as it is counted. */
interface CountedTurn {
  readonly before: SagaState | null;
  readonly after: SagaState;
  readonly record: JournalRecord;
  readonly effects: readonly Effect[];
}

const NOTHING: readonly Counted[] = [];

/** Everything countable that happened in the turn; mostly nothing. Costs next to nothing then. */
export function countedOf(definition: SagaDefinition, turn: CountedTurn): readonly Counted[] {
  const { before, after, effects } = turn;
  if (before === null) return isSettled(after.status) ? [STARTED, SETTLED] : JUST_STARTED;
  const found: Counted[] = [];
  if (turn.record.inbound.kind === 'interrupted') {
    // Started again it is the same attempt, which is no retry.
    countInterruption(found, before, turn.record.inbound);
  } else {
    for (const effect of effects) {
      if (effect.kind !== 'start-activity' || effect.attempt === 1) continue;
      if (effect.direction !== 'probe') found.push({ what: 'retry', step: effect.step });
    }
  }
  countTimeout(found, definition, before, turn.record);
  if (before.steps !== after.steps) {
    // Entries are only ever added or changed, never moved.
    for (let index = 0; index < after.steps.length; index += 1) {
      const was = before.steps[index];
      const entry = after.steps[index];
      if (entry !== undefined && was !== entry) countStep(found, was, entry);
    }
  }
  if (isNewlySettled(before.status, after.status)) found.push(SETTLED);
  return found.length === 0 ? NOTHING : found;
}

const STARTED: Counted = { what: 'started' };
const SETTLED: Counted = { what: 'settled' };
const JUST_STARTED: readonly Counted[] = [STARTED];

function countInterruption(
  found: Counted[],
  { live }: SagaState,
  { activity, token, wasClean }: Extract<Inbound, { kind: 'interrupted' }>,
): void {
  const lost = live.activities[activity];
  if (lost?.token !== token || wasClean === true) return;
  const isAttempt = lost.childId === undefined && lost.isListener === undefined;
  if (isAttempt) found.push({ what: 'interruption', step: lost.step });
}

function countTimeout(
  found: Counted[],
  definition: SagaDefinition,
  { live }: SagaState,
  { inbound, kind }: JournalRecord,
): void {
  if (inbound.kind !== 'timer' || kind !== 'transition') return;
  const role = definition.timers.get(inbound.timer);
  if (role?.kind !== 'attempt-timeout') return;
  const step = live.activities[role.activity]?.step;
  if (step !== undefined) found.push({ what: 'timeout', step });
}

function countStep(found: Counted[], was: StepEntry | undefined, is: StepEntry): void {
  const { name: step, compensation } = is;
  if (is.mayHaveHappened === true && was?.mayHaveHappened !== true) {
    found.push({ what: 'doubt', step });
  }
  if (compensation === undefined) return;
  const stood = was?.compensation?.status;
  if (stood === undefined) found.push({ what: 'compensation', step });
  if (compensation.status === stood) return;
  if (compensation.status === 'completed') found.push({ what: 'compensation-done', step });
  if (compensation.status === 'failed') found.push({ what: 'compensation-failed', step });
}
