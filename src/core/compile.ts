/**
 * Compiles a list of steps into an XState machine whose every situation is a state one can read:
 *
 *     forward.<step>.running | retrying          deadline and cancel leave it for compensating
 *     compensating.next                          picks the last owed step: reverse order of start
 *     compensating.<compensation>.running | retrying
 *     compensation_failed.<compensation>         waits for a person; `retry` goes back
 *     completed | compensated                    final
 *
 * Invariant: a step is owed (in `context.owed`) from the moment it is commanded until it failed
 * for certain or was compensated, so whatever interrupts the saga finds what must be undone.
 */
import { type AnyStateMachine, createMachine, emit } from 'xstate';
import { activity } from './activity.ts';
import { delayAfterMs, type RetryPolicy } from './retry-policy.ts';
import { ACTIONS, GUARDS, type SagaContext, type Scene } from './saga-context.ts';

/** One side of a step, durations in milliseconds. */
export interface ActivityPlan {
  readonly name: string;
  readonly input: (view: never) => unknown;
  readonly timeoutMs: number;
  readonly retry: RetryPolicy;
}

export interface StepPlan extends ActivityPlan {
  readonly compensation: ActivityPlan;
}

export interface SagaPlan {
  readonly id: string;
  readonly steps: readonly StepPlan[];
  readonly deadlineMs: number | null;
  readonly completed: ((view: never) => { readonly type: string }) | null;
}

/** The machine of a plan, checked for nothing but its shape; `durable` checks the rest. */
export function compileSaga(plan: SagaPlan): AnyStateMachine {
  const sides = plan.steps.flatMap((step) => [step, step.compensation]);
  const config: MachineShape = {
    id: plan.id,
    context: ({ input }: { input: unknown }): SagaContext => ({
      input,
      results: {},
      owed: [],
      attempt: 1,
      inDoubt: false,
      failure: null,
    }),
    initial: 'forward',
    states: {
      forward: forwardState(plan),
      compensating: compensatingState(plan),
      completed: {
        type: 'final',
        tags: ['completed'],
        ...(plan.completed === null ? {} : { entry: 'announceCompleted' }),
      },
      compensated: { type: 'final', tags: ['compensated'] },
      compensation_failed: compensationFailedState(plan),
    },
  };
  const { completed } = plan;
  return createMachine(config, {
    actors: Object.fromEntries(sides.map((side) => [side.name, activity()])),
    guards: GUARDS,
    actions: {
      ...ACTIONS,
      ...(completed === null
        ? {}
        : { announceCompleted: emit(({ context }: Scene) => completed(viewOf(context))) }),
    },
    delays: Object.fromEntries([...sides.flatMap(delaysOf), ...deadlineOf(plan)]),
  });
}

function forwardState(plan: SagaPlan): object {
  const states = plan.steps.map((step, index): [string, object] => {
    const next = plan.steps[index + 1]?.name;
    return [
      step.name,
      {
        entry: { type: 'owe', params: { step: step.name } },
        initial: 'running',
        states: attemptStates(
          step,
          { step: step.name, kind: 'compensatable' },
          {
            done: {
              target: next === undefined ? `#${plan.id}.completed` : `#${plan.id}.forward.${next}`,
              actions: { type: 'keepResult', params: { step: step.name } },
            },
            inDoubt: { target: `#${plan.id}.compensating`, actions: 'keepFailure' },
            failed: {
              target: `#${plan.id}.compensating`,
              actions: ['keepFailure', { type: 'settle', params: { step: step.name } }],
            },
          },
        ),
      },
    ];
  });
  const toCompensating = { target: `#${plan.id}.compensating`, actions: 'keepFailure' };
  return {
    initial: plan.steps[0]?.name,
    states: Object.fromEntries(states),
    on: { 'backstep.cancel': toCompensating },
    ...(plan.deadlineMs === null ? {} : { after: { deadline: toCompensating } }),
  };
}

function compensatingState(plan: SagaPlan): object {
  const states = plan.steps.map(({ name, compensation }): [string, object] => [
    compensation.name,
    {
      entry: 'firstAttempt',
      initial: 'running',
      states: attemptStates(
        compensation,
        { compensates: name },
        {
          done: {
            target: `#${plan.id}.compensating.next`,
            actions: { type: 'settle', params: { step: name } },
          },
          inDoubt: { target: `#${plan.id}.compensation_failed.${compensation.name}` },
          failed: null,
        },
      ),
    },
  ]);
  const owed = plan.steps.toReversed().map(({ name, compensation }) => ({
    guard: { type: 'isOwed', params: { step: name } },
    target: compensation.name,
  }));
  return {
    tags: ['compensating'],
    initial: 'next',
    states: {
      next: { always: [...owed, { target: `#${plan.id}.compensated` }] },
      ...Object.fromEntries(states),
    },
  };
}

function compensationFailedState(plan: SagaPlan): object {
  const states = plan.steps.map(({ compensation: { name } }): [string, object] => [
    name,
    { on: { 'backstep.retry': `#${plan.id}.compensating.${name}` } },
  ]);
  return {
    tags: ['compensation_failed'],
    initial: plan.steps[0]?.compensation.name,
    states: Object.fromEntries(states),
  };
}

/** Where a step goes from its attempts. */
interface Exits {
  readonly done: object;
  /** No attempt is left and the effect may have happened. */
  readonly inDoubt: object;
  /** No attempt is left and the effect did not happen; `null`: treated as in doubt. */
  readonly failed: object | null;
}

/** One attempt under way, and the wait before the next one. */
function attemptStates(side: ActivityPlan, meta: object, exits: Exits): object {
  const retry = {
    guard: { type: 'hasAttemptsLeft', params: { attempts: side.retry.attempts } },
    target: 'retrying',
    actions: 'noteDoubt',
  };
  const failed =
    exits.failed === null
      ? [exits.inDoubt]
      : [{ ...exits.inDoubt, guard: 'mayHaveHappened' }, exits.failed];
  const again = { target: 'running', actions: 'countAttempt' };
  return {
    running: {
      meta,
      invoke: {
        id: side.name,
        src: side.name,
        input: ({ context }: { context: SagaContext }) => side.input(viewOf(context)),
        onDone: exits.done,
        onError: [retry, ...failed],
      },
      // A time-out says nothing of the effect: it never fails for certain.
      after: { [`${side.name}.timeout`]: [retry, exits.inDoubt] },
    },
    retrying: {
      after: { [`${side.name}.retry`]: again },
      on: { 'backstep.retry': again },
    },
  };
}

function delaysOf(side: ActivityPlan): [string, Delay][] {
  return [
    [`${side.name}.timeout`, side.timeoutMs],
    [
      `${side.name}.retry`,
      ({ context, self }: Scene & { readonly self: { readonly id: string } }) =>
        delayAfterMs(side.retry, context.attempt, `${self.id}/${side.name}`),
    ],
  ];
}

function deadlineOf({ deadlineMs }: SagaPlan): [string, Delay][] {
  return deadlineMs === null ? [] : [['deadline', deadlineMs]];
}

type Delay = number | ((scene: Scene & { readonly self: { readonly id: string } }) => number);

/** The states are made by functions, beyond what XState's types can follow. */
interface MachineShape {
  readonly id: string;
  readonly context: (start: { readonly input: unknown }) => SagaContext;
  readonly initial: string;
  readonly states: Readonly<Record<string, object>>;
}

// Mappers are typed where the saga is written; here every view looks alike.
function viewOf(context: SagaContext): never {
  const { input, results, failure } = context;
  return { input, results, failure } as never;
}
