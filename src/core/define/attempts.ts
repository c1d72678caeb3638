/**
 * The states of one activity: an attempt running, the delay before the next, and the probe of one
 * whose outcome nobody knows. Forward steps and compensations are both made of them.
 */
import { type Asking, ledgerOf, type RetryParams, type SagaContext } from './saga-context.ts';
import type { StepEntry } from '../state.ts';
import type { AttemptPlan } from './plan.ts';
import { afterId } from '../machine/timer-ids.ts';

/** A named action of the drawing, with plain data for parameters. */
export type Action = string | { readonly type: string; readonly params: object };

/** A named guard of the drawing. */
export type Guard = string | { readonly type: string; readonly params: object };

/** Where a transition leads, and what it notes on the way. */
export interface Edge {
  readonly target: string;
  readonly actions: readonly Action[];
  readonly guard?: Guard;
}

/** Where an activity leads in the end. */
export interface Exits {
  readonly done: Edge;
  /** No attempt is left and the effect may have happened. */
  readonly inDoubt: Edge;
  /** No attempt is left and the effect did not happen. */
  readonly failed: Edge;
}

/** States by name. */
export type States = Readonly<Record<string, object>>;

/** An activity, and where in the drawing it is. */
export interface Side {
  readonly attempt: AttemptPlan;
  /** What its running state stands for. */
  readonly meta: object;
  /** Id of the state that holds it. */
  readonly at: string;
  /** What its input is made of; `ledger`: a compensation asks it which run is undone. */
  readonly view: (context: SagaContext, ledger: () => readonly StepEntry[]) => never;
  /** What an operator may call it. */
  readonly names: readonly string[];
}

export function edge(target: string, ...actions: readonly Action[]): Edge {
  return { target, actions };
}

export function guarded(guard: Guard, to: Edge): Edge {
  return { ...to, guard };
}

/** The transition of an operator's command that may name one step. */
export function commanded(names: readonly string[], to: Edge): Edge {
  return guarded({ type: 'isMeant', params: { names } }, to);
}

/** `running` and `retrying`. */
export function attemptStates(side: Side, { done, inDoubt, failed }: Exits): States {
  const { attempt, meta, names, view } = side;
  const { name, activity, retry, isRepeatable, heartbeatMs } = attempt;
  const again = guarded(
    { type: 'mayRetry', params: retryParams(attempt) },
    edge('retrying', { type: 'noteFailure', params: { activity: name } }),
  );
  const mayHaveHappened = { type: 'mayHaveHappened', params: { activity: name } };
  return {
    running: {
      meta: {
        ...meta,
        ...(isRepeatable ? {} : { repeatable: false }),
        ...(heartbeatMs === null ? {} : { heartbeatMs }),
      },
      invoke: {
        id: name,
        src: activity,
        input: ({ context, self }: Asking) => attempt.input(view(context, () => ledgerOf(self))),
        onDone: done,
        onError: [again, guarded(mayHaveHappened, inDoubt), failed],
      },
      // A time-out says nothing of the effect: it never fails for certain.
      after: { [`${name}.timeout`]: [again, inDoubt] },
      // Nor does the end of the total time while an attempt runs.
      ...(retry.totalMs === null ? {} : { on: { [totalEvent(side)]: inDoubt } }),
    },
    retrying: {
      after: { [`${name}.retry`]: edge('running') },
      on: { 'backstep.retry': commanded(names, edge('running')) },
    },
  };
}

/** The limit on all attempts together, for the state that holds them; empty where there is none. */
export function totalTime({ attempt }: Side, { inDoubt, failed }: Exits): object {
  const { name, retry } = attempt;
  if (retry.totalMs === null) return {};
  const mayHaveHappened = { type: 'mayHaveHappened', params: { activity: name } };
  return { after: { [`${name}.total`]: [guarded(mayHaveHappened, inDoubt), failed] } };
}

/**
 * The state that asks whether the step happened.
 *
 * @param side the probe's own
 * @param exits of the step; `done` gets the output that was lost
 */
export function probeState(side: Side, exits: Exits): object {
  const { name } = side.attempt;
  const unknown = { type: 'mayProbeAgain', params: retryParams(side.attempt) };
  const noted = { type: 'noteFailure', params: { activity: name } };
  const states = attemptStates(side, { ...exits, failed: exits.inDoubt });
  const running = states['running'] as { readonly invoke: object };
  const onDone = [
    guarded('hasHappened', exits.done),
    guarded('neverHappened', exits.failed),
    guarded(unknown, edge('retrying', noted)),
    exits.inDoubt,
  ];
  return {
    initial: 'running',
    entry: { type: 'forgetTries', params: { activity: name } },
    states: { ...states, running: { ...running, invoke: { ...running.invoke, onDone } } },
  };
}

function totalEvent({ attempt, at }: Side): string {
  return afterId(`${attempt.name}.total`, at);
}

function retryParams({ name, retry, isRepeatable }: AttemptPlan): RetryParams {
  const { attempts, nonRetryable } = retry;
  return {
    activity: name,
    attempts,
    ...(nonRetryable.length === 0 ? {} : { nonRetryable }),
    ...(isRepeatable ? {} : { repeatable: false }),
  };
}
