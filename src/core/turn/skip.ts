/**
 * What a person's word settles in the ledger: what was given up stays as skipped, with who and why;
 * what is said never to have happened is failed for certain.
 */
import { isOwed, isUndone } from './ledger.ts';
import type { Decision, SagaState, StepEntry } from '../state.ts';
import type { StepStatus } from '../status.ts';

/** The ledger after a decision; `which`: the one step it concerns, `null` for several or none. */
export interface GivenUp {
  readonly steps: readonly StepEntry[];
  readonly which: string | null;
}

/**
 * The ledger once a person gave something up. `skip`: the compensation, or else the step, that
 * failed for good last, or the one of that name. `accept-partial`: every compensation that is still
 * owed, or every step that is not done where none can be compensated any more.
 *
 * A machine that takes these commands where nothing failed for good finds nothing given up.
 *
 * @param name a step, or the compensation of one
 */
export function giveUpEntries(
  { status, steps }: Pick<SagaState, 'status' | 'steps'>,
  command: 'skip' | 'accept-partial',
  name: string | undefined,
  decision: Decision,
): GivenUp {
  if (status !== 'compensation_failed' && status !== 'failed') return { steps, which: null };
  if (command === 'accept-partial') {
    const isMeant = status === 'failed' ? isUndone : isOwed;
    return { steps: mark(steps, isMeant, decision), which: null };
  }
  const given = lastFailed(steps, name);
  const which = given?.name ?? null;
  return { steps: mark(steps, (entry) => entry === given, decision), which };
}

/** What `skip` would give up now: the names of steps and compensations. */
export function namesToGiveUp(state: Pick<SagaState, 'status' | 'steps'>): readonly string[] {
  const { steps } = giveUpEntries(state, 'skip', undefined, { by: null, reason: null });
  const given = steps.filter((entry) => !state.steps.includes(entry));
  return given.map(({ name, compensation }) => compensation?.name ?? name);
}

/**
 * How the step itself stands, for pictures, where its entry may be skipped as a whole. A
 * compensation that was given up leaves the effect of its step standing, so that the step counts as
 * completed; only a step that failed is itself skipped.
 */
export function forwardStatusOf(entry: StepEntry): StepStatus {
  const { status, kind, mayHaveHappened, compensation, error, probes = 0 } = entry;
  if (status !== 'skipped') return status;
  if (mayHaveHappened === true) return 'in_doubt';
  // A probe that found the step keeps the error of the attempt that was in doubt.
  const wasFound = kind === 'compensatable' && probes > 0;
  return compensation !== undefined || error === undefined || wasFound ? 'completed' : 'skipped';
}

/** The state once a person said that what is in doubt and cannot be undone never happened. */
export function withoutDoubt(state: SagaState): SagaState {
  if (state.status !== 'failed') return state;
  const steps = state.steps.map((entry): StepEntry => {
    if (entry.status !== 'in_doubt' || entry.kind === 'compensatable') return entry;
    const { mayHaveHappened: _, ...known } = entry;
    return { ...known, status: 'failed' };
  });
  return { ...state, steps };
}

function mark(
  steps: readonly StepEntry[],
  isMeant: (entry: StepEntry) => boolean,
  decision: Decision,
): readonly StepEntry[] {
  return steps.map((entry) => {
    if (!isMeant(entry)) return entry;
    const { nextAttemptAtMs: _, ...known } = entry;
    return { ...known, status: 'skipped', skip: decision };
  });
}

function lastFailed(steps: readonly StepEntry[], name: string | undefined): StepEntry | undefined {
  const candidates = steps.filter(
    (entry) => name === undefined || entry.name === name || entry.compensation?.name === name,
  );
  return (
    candidates.findLast(({ status }) => status === 'compensation_failed') ??
    candidates.findLast(({ status }) => status === 'failed' || status === 'in_doubt')
  );
}
