/**
 * What a turn adds to the figures of its type. Pure; it goes along with the record of a turn, so
 * that it is counted where the turn becomes durable, once, whichever process took it.
 */
import type { SagaDefinition } from '../define/definition.ts';
import type { LiveActivity, SagaState, StepEntry } from '../state.ts';
import { isSettled } from '../status.ts';
import type { Effect, JournalRecord } from './inbound.ts';

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

/** Everything countable that happened in the turn; mostly nothing. */
export function countedOf(definition: SagaDefinition, turn: CountedTurn): readonly Counted[] {
  const { before, after } = turn;
  if (before === null) return isSettled(after.status) ? [STARTED, SETTLED] : [STARTED];
  const found = [...ofAttempts(definition, turn), ...ofSteps(before.steps, after.steps)];
  if (isSettled(after.status) && !isSettled(before.status)) found.push(SETTLED);
  return found.length === 0 ? NOTHING : found;
}

const STARTED: Counted = { what: 'started' };
const SETTLED: Counted = { what: 'settled' };

function ofAttempts(
  definition: SagaDefinition,
  { before, record: { inbound, kind }, effects }: CountedTurn,
): readonly Counted[] {
  if (inbound.kind === 'interrupted') {
    // Started again it is the same attempt, which is no retry.
    const lost = before?.live.activities[inbound.activity];
    const isLost = inbound.wasClean !== true && lost?.token === inbound.token && isAttempt(lost);
    return isLost ? [{ what: 'interruption', step: lost.step }] : NOTHING;
  }
  const retries = retriesOf(effects);
  if (inbound.kind !== 'timer' || kind !== 'transition') return retries;
  const role = definition.timers.get(inbound.timer);
  if (role?.kind !== 'attempt-timeout') return retries;
  const step = before?.live.activities[role.activity]?.step;
  return step === undefined ? retries : [...retries, { what: 'timeout', step }];
}

function isAttempt({ childId, isListener }: LiveActivity): boolean {
  return childId === undefined && isListener === undefined;
}

function retriesOf(effects: readonly Effect[]): readonly Counted[] {
  return effects.flatMap((effect) =>
    effect.kind === 'start-activity' && effect.attempt > 1 && effect.direction !== 'probe'
      ? [{ what: 'retry' as const, step: effect.step }]
      : [],
  );
}

function ofSteps(before: readonly StepEntry[], after: readonly StepEntry[]): readonly Counted[] {
  if (before === after) return NOTHING;
  // Entries are only ever added or changed, never moved.
  return after.flatMap((entry, index) => {
    const was = before[index];
    return was === entry ? [] : ofStep(was, entry);
  });
}

function ofStep(was: StepEntry | undefined, is: StepEntry): readonly Counted[] {
  const { name: step, compensation } = is;
  const found: Counted[] = [];
  if (is.mayHaveHappened === true && was?.mayHaveHappened !== true) {
    found.push({ what: 'doubt', step });
  }
  if (compensation === undefined) return found;
  const stood = was?.compensation?.status;
  if (stood === undefined) found.push({ what: 'compensation', step });
  if (compensation.status === stood) return found;
  if (compensation.status === 'completed') found.push({ what: 'compensation-done', step });
  if (compensation.status === 'failed') found.push({ what: 'compensation-failed', step });
  return found;
}
