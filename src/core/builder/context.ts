/**
 * The context of a compiled saga and everything that reads or changes it: guards and assigns.
 *
 * Invariant: `owed` names exactly what has an effect that exists or may exist, in order of start.
 */
import { type AnyEventObject, assign } from 'xstate';
import type { ProbeAnswer } from '../activity.ts';
import {
  ATTEMPT_TIMED_OUT,
  CHILD_COMPLETED,
  childExpired,
  DEADLINE_PASSED,
  type Failure,
  isFailure,
  LOOP_UNENDING,
  toFailure,
  TOTAL_TIME_PASSED,
  WAIT_EXPIRED,
} from '../failure.ts';
import { probeAnswerOf } from '../probe.ts';

/** The context of every machine compiled here. What is rarely needed is absent until it is. */
export interface SagaContext {
  readonly input: unknown;
  /** Outputs by step name; of a loop the list of its rounds' outputs. */
  readonly results: Readonly<Record<string, unknown>>;
  /** Steps and children, as `owedName` names them. */
  readonly owed: readonly string[];
  /** Activities that failed and are tried again. */
  readonly tries: Readonly<Record<string, Tries>>;
  /** Why the saga left the forward path. */
  readonly failure: Failure | null;
  /** The round each loop is in, 1 for the first. */
  readonly rounds?: Readonly<Record<string, number>>;
  /** Set once a person gave a step or compensation up. */
  readonly hasGivenUp?: true;
}

/** How an activity fared so far. */
export interface Tries {
  /** The attempt under way or next, 1 for the first. */
  readonly attempt: number;
  /** True once an attempt failed in a way that may have had its effect. */
  readonly inDoubt: boolean;
}

/** What a guard, an assign or a mapper is given. */
export interface Scene {
  readonly context: SagaContext;
  readonly event: AnyEventObject;
}

const UNTRIED: Tries = { attempt: 1, inDoubt: false };

/** How the activity fared so far. */
export function triesOf({ tries }: SagaContext, activity: string): Tries {
  return tries[activity] ?? UNTRIED;
}

/** What a step is owed as; in a loop with its round, so that each round is undone with its data. */
function owedName({ rounds }: SagaContext, step: string, loop: string | undefined): string {
  return loop === undefined ? step : `${step}@${rounds?.[loop] ?? 1}`;
}

/** The step and round of an owed name. */
export function readOwed(name: string): { readonly step: string; readonly round: number } {
  const [step = name, round] = name.split('@');
  return { step, round: round === undefined ? 1 : Number(round) };
}

export const GUARDS = {
  mayProbeAgain,
  mayHaveHappened,
  isNextOwed,
  isMeant,
  hasHappened: ({ event }: Scene) => probeAnswerOf(event['output']) === 'happened',
  neverHappened: ({ event }: Scene) => probeAnswerOf(event['output']) === 'never',
  childCompleted: ({ event }: Scene) => failureOf(event).code === CHILD_COMPLETED,
  hasGivenUp: ({ context }: Scene) => context.hasGivenUp === true,
};

/** The budget of an activity, as the drawing shows it. */
export interface RetryParams {
  readonly activity: string;
  readonly attempts: number;
  readonly nonRetryable?: readonly string[];
  readonly repeatable?: false;
}

/** The guard of a retry; `permanent`: the sagas' own judgement on failures, by activity. */
export function retryGuard(permanent: ReadonlyMap<string, (failure: Failure) => boolean>) {
  return ({ context, event }: Scene, params: RetryParams): boolean => {
    const { activity, attempts, nonRetryable = [], repeatable = true } = params;
    const failure = failureOf(event);
    if (!failure.retryable || nonRetryable.includes(failure.code)) return false;
    if (!repeatable && failure.ambiguous) return false;
    if (permanent.get(activity)?.(failure) === true) return false;
    return triesOf(context, activity).attempt < attempts;
  };
}

function mayProbeAgain({ context }: Scene, { activity, attempts }: RetryParams): boolean {
  return triesOf(context, activity).attempt < attempts;
}

function mayHaveHappened({ context, event }: Scene, { activity }: { readonly activity: string }) {
  return triesOf(context, activity).inDoubt || failureOf(event).ambiguous;
}

/** True when what must be undone next, among the given steps or among all, is one of `steps`. */
function isNextOwed(
  { context }: Scene,
  { steps, among }: { readonly steps: readonly string[]; readonly among?: readonly string[] },
): boolean {
  const last = context.owed.findLast(
    (name) => among === undefined || among.includes(readOwed(name).step),
  );
  return last !== undefined && steps.includes(readOwed(last).step);
}

/** A command that names a step concerns that step, or the compensation of that name, alone. */
function isMeant({ event }: Scene, { names }: { readonly names: readonly string[] }): boolean {
  const step: unknown = event['step'];
  return typeof step !== 'string' || names.includes(step);
}

export interface StepParams {
  readonly step: string;
}

export interface ActivityParams {
  readonly activity: string;
}

/** The assigns that every saga has. */
export const ACTIONS = {
  noteFailure: assign(({ context, event }: Scene, { activity }: ActivityParams) => {
    const { attempt, inDoubt } = triesOf(context, activity);
    const next = { attempt: attempt + 1, inDoubt: inDoubt || failureOf(event).ambiguous };
    return { tries: { ...context.tries, [activity]: next } };
  }),
  // A new budget, but what may have happened may have happened still.
  restartTries: assign(({ context, event }: Scene, { activity }: ActivityParams) => ({
    tries: {
      ...without(context.tries, activity),
      ...(mayHaveHappened({ context, event }, { activity })
        ? { [activity]: { ...UNTRIED, inDoubt: true } }
        : {}),
    },
  })),
  clearTries: assign((_: Scene) => ({ tries: {} })),
  forgetTries: assign(({ context }: Scene, { activity }: ActivityParams) => ({
    tries: without(context.tries, activity),
  })),
  keepResult: assign(({ context, event }: Scene, { step }: StepParams) =>
    keep(context, step, (event['output'] as unknown) ?? null),
  ),
  keepProbed: assign(({ context, event }: Scene, { step }: StepParams) => {
    const answer = event['output'] as ProbeAnswer<unknown>;
    return keep(context, step, answer.kind === 'happened' ? (answer.output ?? null) : null);
  }),
  keepEvent: assign(({ context, event }: Scene, { step }: StepParams) =>
    keep(context, step, { kind: 'event', event }),
  ),
  keepExpired: assign(({ context }: Scene, { step }: StepParams) =>
    keep(context, step, { kind: 'expired' }),
  ),
  keepFailure: assign(({ event }: Scene) => ({ failure: failureOf(event) })),
  forgetFailure: assign((_: Scene) => ({ failure: null })),
  failUnending: assign((_: Scene) => ({ failure: LOOP_UNENDING })),
  nextRound: assign(({ context }: Scene, { loop }: { readonly loop: string }) => ({
    rounds: { ...context.rounds, [loop]: (context.rounds?.[loop] ?? 0) + 1 },
  })),
  closeRound: assign(
    (
      { context }: Scene,
      { loop, steps }: { readonly loop: string; readonly steps: readonly string[] },
    ) => {
      const round = Object.entries(context.results).filter(([name]) => steps.includes(name));
      const rest = Object.entries(context.results).filter(([name]) => !steps.includes(name));
      const rounds = (context.results[loop] ?? []) as readonly unknown[];
      return {
        results: { ...Object.fromEntries(rest), [loop]: [...rounds, Object.fromEntries(round)] },
      };
    },
  ),
  giveUp: assign((_: Scene) => ({ hasGivenUp: true as const })),
};

/** `owe` and `settle` know the loops; see `loopsByStep`. */
export function owingActions(loops: ReadonlyMap<string, string>) {
  return {
    owe: assign(({ context }: Scene, { step }: StepParams) => ({
      owed: [...context.owed, owedName(context, step, loops.get(step))],
    })),
    settle: assign(
      ({ context }: Scene, { step, activity }: StepParams & Partial<ActivityParams>) => {
        const last = context.owed.findLastIndex((name) => readOwed(name).step === step);
        return {
          owed: context.owed.filter((_, index) => index !== last),
          tries: activity === undefined ? context.tries : without(context.tries, activity),
        };
      },
    ),
  };
}

function keep(context: SagaContext, step: string, result: unknown): Partial<SagaContext> {
  return {
    results: { ...context.results, [step]: result },
    tries: without(context.tries, step),
  };
}

// The same object where nothing changes, which is nearly always.
function without(tries: SagaContext['tries'], activity: string): SagaContext['tries'] {
  if (tries[activity] === undefined) return tries;
  const { [activity]: _, ...rest } = tries;
  return rest;
}

/** Commands that turn a saga back, and what a failure by them is called. */
const TURNED_BACK: Readonly<Record<string, string>> = {
  'backstep.cancel': 'cancelled',
  'backstep.compensate': 'compensate',
};

/** What the event that ended an attempt, or the whole forward path, says of why. */
export function failureOf(event: AnyEventObject): Failure {
  const { type } = event;
  const turnedBack = TURNED_BACK[type];
  if (turnedBack !== undefined) return told(turnedBack, event, turnedBack, true);
  if (type.startsWith('xstate.after.')) return timerFailure(type);
  const error: unknown = event['error'];
  if (isFailure(error)) return error;
  if (type.startsWith('xstate.')) return toFailure(error);
  return told('rejected', event, `the event "${type}" turned the saga back`, false);
}

function timerFailure(type: string): Failure {
  if (type.startsWith('xstate.after.deadline.')) return DEADLINE_PASSED;
  const [, name = '', end] = /^xstate\.after\.([^.]+)\.(total|expires|within)\./.exec(type) ?? [];
  if (end === 'total') return TOTAL_TIME_PASSED;
  if (end === 'within') return childExpired(name);
  return end === 'expires' ? WAIT_EXPIRED : ATTEMPT_TIMED_OUT;
}

function told(code: string, event: AnyEventObject, otherwise: string, ambiguous: boolean): Failure {
  const reason: unknown = event['reason'];
  const message = typeof reason === 'string' && reason !== '' ? reason : otherwise;
  return { code, message, retryable: false, ambiguous };
}
