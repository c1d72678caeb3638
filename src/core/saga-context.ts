/**
 * The context of a compiled saga and everything that reads or changes it: guards and assigns.
 *
 * Invariant: `owed` names exactly the steps whose effect exists or may exist.
 */
import { type AnyEventObject, assign } from 'xstate';
import {
  ATTEMPT_TIMED_OUT,
  DEADLINE_PASSED,
  type Failure,
  isFailure,
  toFailure,
} from './failure.ts';

/** The context of every machine compiled here. */
export interface SagaContext {
  readonly input: unknown;
  /** Outputs by step name. */
  readonly results: Readonly<Record<string, unknown>>;
  /** Steps whose effect exists or may exist, in order of start. */
  readonly owed: readonly string[];
  /** The attempt under way, 1 for the first. */
  readonly attempt: number;
  /** True once an attempt of the present step failed in a way that may have had its effect. */
  readonly inDoubt: boolean;
  /** Why the saga left the forward path. */
  readonly failure: Failure | null;
}

/** What a guard, an assign or a mapper is given. */
export interface Scene {
  readonly context: SagaContext;
  readonly event: AnyEventObject;
}

interface StepParams {
  readonly step: string;
}

export const GUARDS = { hasAttemptsLeft, mayHaveHappened, isOwed };

function hasAttemptsLeft({ context, event }: Scene, params: { readonly attempts: number }) {
  return failureOf(event).retryable && context.attempt < params.attempts;
}

function mayHaveHappened({ context, event }: Scene): boolean {
  return context.inDoubt || failureOf(event).ambiguous;
}

function isOwed({ context }: Scene, { step }: StepParams): boolean {
  return context.owed.includes(step);
}

export const ACTIONS = {
  owe: assign(({ context }: Scene, { step }: StepParams) => ({
    owed: [...context.owed, step],
    attempt: 1,
    inDoubt: false,
  })),
  firstAttempt: assign((_: Scene) => ({ attempt: 1, inDoubt: false })),
  countAttempt: assign(({ context }: Scene) => ({ attempt: context.attempt + 1 })),
  noteDoubt: assign(({ context, event }: Scene) => ({
    inDoubt: context.inDoubt || failureOf(event).ambiguous,
  })),
  keepResult: assign(({ context, event }: Scene, { step }: StepParams) => ({
    results: { ...context.results, [step]: (event['output'] as unknown) ?? null },
  })),
  keepFailure: assign(({ event }: Scene) => ({ failure: failureOf(event) })),
  settle: assign(({ context }: Scene, { step }: StepParams) => ({
    owed: context.owed.filter((name) => name !== step),
  })),
};

/** What the event that ended an attempt, or the whole forward path, says of why. */
function failureOf(event: AnyEventObject): Failure {
  if (event.type === 'backstep.cancel') {
    const reason = typeof event['reason'] === 'string' ? event['reason'] : 'cancelled';
    return { code: 'cancelled', message: reason, retryable: false, ambiguous: true };
  }
  if (event.type.startsWith('xstate.after.')) {
    return event.type.startsWith('xstate.after.deadline.') ? DEADLINE_PASSED : ATTEMPT_TIMED_OUT;
  }
  const error: unknown = event['error'];
  return isFailure(error) ? error : toFailure(error);
}
