/**
 * The context of a compiled saga and everything that reads or changes it: guards and assigns.
 *
 * What is owed and what is in doubt is never decided here: the ledger is asked, see `Self.ledger`.
 * A guard sees the context alone, so that the answer is noted there just before it is asked.
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
import { isDoubtful, isOwed, type Ledger, presentEntry, wasGivenUp } from '../turn/ledger.ts';
import { probeAnswerOf } from '../turn/probe.ts';
import type { StepEntry } from '../state.ts';
import { isAfter, limitOfAfter } from '../machine/timer-ids.ts';

/** The context of every machine compiled here. What is rarely needed is absent until it is. */
export interface SagaContext {
  readonly input: unknown;
  /** Outputs by step name; of a loop the list of its rounds' outputs. */
  readonly results: Readonly<Record<string, unknown>>;
  /** Activities that failed and are tried again. */
  readonly tries: Readonly<Record<string, Tries>>;
  /** Why the saga left the forward path. */
  readonly failure: Failure | null;
  /** The round each loop is in, 1 for the first. */
  readonly rounds?: Readonly<Record<string, number>>;
  /** On the way back: what the ledger says is owed, in order of start. */
  readonly owed?: readonly string[];
  /** Whether the ledger says that a person gave a step or compensation up. */
  readonly hasGivenUp?: boolean;
}

/** How an activity fared so far. */
export interface Tries {
  /** The attempt under way or next, 1 for the first. */
  readonly attempt: number;
  /** True once an attempt failed in a way that may have had its effect. */
  readonly inDoubt: boolean;
}

/** What a guard is given. */
export interface Scene {
  readonly context: SagaContext;
  readonly event: AnyEventObject;
}

/** What an assign or the mapper of an input is given. */
export interface Asking extends Scene {
  readonly self: object;
}

/** The ledger that a turn lends to its machine; empty where XState alone runs it. */
export function ledgerOf(self: object): readonly StepEntry[] {
  return 'ledger' in self ? (self.ledger as Ledger)() : [];
}

const UNTRIED: Tries = { attempt: 1, inDoubt: false };

/** How the activity fared so far. */
export function triesOf({ tries }: SagaContext, activity: string): Tries {
  return tries[activity] ?? UNTRIED;
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
  const last = context.owed?.findLast((name) => among === undefined || among.includes(name));
  return last !== undefined && steps.includes(last);
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
  noteFailure: assign(({ context, self }: Asking, { activity }: ActivityParams) => {
    const attempt = triesOf(context, activity).attempt + 1;
    const next = { attempt, inDoubt: isStepDoubtful(self, activity) };
    return { tries: { ...context.tries, [activity]: next } };
  }),
  // A new budget; that an earlier attempt may have had its effect stays noted.
  restartTries: assign(({ context, self }: Asking, { activity }: ActivityParams) => ({
    tries: {
      ...without(context.tries, activity),
      ...(isStepDoubtful(self, activity) ? { [activity]: { ...UNTRIED, inDoubt: true } } : {}),
    },
  })),
  readLedger: assign(({ self }: Asking) => {
    const steps = ledgerOf(self);
    return {
      owed: steps.filter(isOwed).map(({ name }) => name),
      hasGivenUp: wasGivenUp(steps),
    };
  }),
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
};

// An activity of a step has the step's name; nobody asks for the doubt of any other. An attempt that
// still runs is being left, as at the end of its total time.
function isStepDoubtful(self: object, step: string): boolean {
  const entry = presentEntry(ledgerOf(self), step, 'forward');
  return entry !== undefined && isDoubtful(entry);
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
  if (isAfter(type)) return timerFailure(type);
  const error: unknown = event['error'];
  if (isFailure(error)) return error;
  if (type.startsWith('xstate.')) return toFailure(error);
  return told('rejected', event, `the event "${type}" turned the saga back`, false);
}

function timerFailure(type: string): Failure {
  if (isAfter(type, 'deadline')) return DEADLINE_PASSED;
  const { name = '', limit } = limitOfAfter(type) ?? {};
  if (limit === 'total') return TOTAL_TIME_PASSED;
  if (limit === 'within') return childExpired(name);
  return limit === 'expires' ? WAIT_EXPIRED : ATTEMPT_TIMED_OUT;
}

function told(code: string, event: AnyEventObject, otherwise: string, ambiguous: boolean): Failure {
  const reason: unknown = event['reason'];
  const message = typeof reason === 'string' && reason !== '' ? reason : otherwise;
  return { code, message, retryable: false, ambiguous };
}
