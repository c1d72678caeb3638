/**
 * `defineSaga`: a saga as a list of steps, typed end to end, compiled to a plain XState machine.
 *
 * A step's mappers see the saga's input and the results of the steps before it, and nothing else.
 */
import type { ActivityInput, ActivityOutput, Contract } from './activity.ts';
import { compileSaga, type StepPlan } from './compile.ts';
import { durable, type Examples, type SagaDefinition } from './definition.ts';
import { type Duration, toMs } from './duration.ts';
import { BackstepError } from './errors.ts';
import type { Failure } from './failure.ts';
import { exponential, type RetryPolicy } from './retry-policy.ts';
import type { SchemaOutput, StandardSchema } from './standard-schema.ts';

/** What a step's input mapper sees. */
export interface ForwardView<Input, Results> {
  readonly input: Input;
  /** Outputs of the steps before this one, by step name. */
  readonly results: Results;
}

/** What a compensation's input mapper sees: any step may not have answered. */
export interface CompensationView<Input, Results> {
  readonly input: Input;
  readonly results: Partial<Results>;
  /** Why the saga is being compensated. */
  readonly failure: Failure;
}

/** Budget of one attempt and of all of them. */
export interface AttemptOptions {
  /** Longest an attempt may take before it counts as in doubt. Default 10s. */
  readonly timeout?: Duration;
  /** Default of a step: `exponential()`; of a compensation: 8 attempts, 500ms up to 30s. */
  readonly retry?: RetryPolicy;
}

/** A compensation with settings of its own. */
export interface CompensationOptions<
  C extends Contract,
  Name extends keyof C,
  Input,
  Results,
> extends AttemptOptions {
  readonly activity: Name;
  readonly input: (saga: CompensationView<Input, Results>) => ActivityInput<C, Name>;
}

/** How one step is run and undone. */
export interface StepOptions<
  C extends Contract,
  Name extends keyof C,
  Compensation extends keyof C,
  Input,
  Results,
> extends AttemptOptions {
  readonly input: (saga: ForwardView<Input, Results>) => ActivityInput<C, Name>;
  readonly compensate: CompensationOptions<
    C,
    Compensation,
    Input,
    Results & Record<Name, ActivityOutput<C, Name>>
  >;
}

/** What a saga is beside its steps. */
export interface SagaOptions<S extends StandardSchema> {
  /** Name of the saga type; letters, digits, `-` and `_`. */
  readonly id: string;
  /** See `DurableOptions.version`. Default 1. */
  readonly version?: number;
  /** Parses and types the input of a start. */
  readonly input: S;
  /** All forward steps together; past it the saga compensates. By the wall clock. */
  readonly deadline?: Duration;
  /** What `verify` explores the saga with; most sagas need none. */
  readonly examples?: Examples;
}

/** A saga being written; every call gives a new draft. */
export interface SagaDraft<C extends Contract, Input, Results> {
  /** Adds the next step. It calls the activity of the same name. */
  step<Name extends keyof C & string, Compensation extends keyof C & string>(
    name: Name,
    options: StepOptions<C, Name, Compensation, Input, Results>,
  ): SagaDraft<C, Input, Results & Record<Name, ActivityOutput<C, Name>>>;
  /** Emits an event when the saga completes: delivered to subscribers at least once. */
  emitOnCompleted(
    event: (saga: ForwardView<Input, Results>) => { readonly type: string },
  ): SagaDraft<C, Input, Results>;
  /** The finished definition. Throws `definition-invalid`. */
  build(): SagaDefinition<C>;
}

const DEFAULT_TIMEOUT: Duration = '10s';
/** Names that the compiled machine gives to a delay and a state of its own. */
const RESERVED_NAMES: readonly string[] = ['deadline', 'next'];
const NAME_PATTERN = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

/**
 * Starts a saga definition over a contract of activities.
 *
 * @example
 * defineSaga<OrderActivities>()({ id: 'order', input: OrderInput, deadline: '5m' })
 *   .step('reserveInventory', { input: ..., compensate: { activity: 'releaseInventory', ... } })
 *   .build();
 */
export function defineSaga<C extends Contract>() {
  return <S extends StandardSchema>(
    options: SagaOptions<S>,
  ): SagaDraft<C, SchemaOutput<S>, Record<never, never>> => draft(options, [], null);
}

type AnyView = ForwardView<never, never>;
type EmitPlan = ((saga: AnyView) => { readonly type: string }) | null;

function draft<C extends Contract, Input, Results>(
  options: SagaOptions<StandardSchema>,
  steps: readonly StepPlan[],
  completed: EmitPlan,
): SagaDraft<C, Input, Results> {
  return {
    step: (name, stepOptions) =>
      draft(options, [...steps, toPlan(options.id, name, stepOptions)], completed),
    emitOnCompleted: (event) => draft(options, steps, event),
    build: () => build<C>(options, steps, completed),
  };
}

function build<C extends Contract>(
  options: SagaOptions<StandardSchema>,
  steps: readonly StepPlan[],
  completed: EmitPlan,
): SagaDefinition<C> {
  checkNames(options.id, steps);
  const deadlineMs =
    options.deadline === undefined
      ? null
      : toMs(options.deadline, `saga "${options.id}": deadline`);
  const machine = compileSaga({ id: options.id, steps, deadlineMs, completed });
  const { version = 1, input, examples = {} } = options;
  return durable<C>(machine, { version, input, examples });
}

function toPlan<C extends Contract, Name extends keyof C & string, Comp extends keyof C & string>(
  sagaId: string,
  name: Name,
  options: StepOptions<C, Name, Comp, never, never>,
): StepPlan {
  const { compensate } = options;
  const at = `saga "${sagaId}", step "${name}"`;
  return {
    name,
    input: options.input,
    timeoutMs: toMs(options.timeout ?? DEFAULT_TIMEOUT, `${at}: timeout`),
    retry: options.retry ?? exponential(),
    compensation: {
      name: compensate.activity,
      input: compensate.input,
      timeoutMs: toMs(compensate.timeout ?? DEFAULT_TIMEOUT, `${at}: compensation timeout`),
      retry: compensate.retry ?? exponential({ first: '500ms', max: '30s', attempts: 8 }),
    },
  };
}

function checkNames(sagaId: string, steps: readonly StepPlan[]): void {
  const refuse = (what: string): never => {
    throw new BackstepError('definition-invalid', `saga "${sagaId}": ${what}`);
  };
  if (!NAME_PATTERN.test(sagaId)) refuse('the id must be letters, digits, "-" and "_"');
  if (steps.length === 0) refuse('it has no step; add one with .step(...)');
  const seen = new Set<string>();
  for (const name of steps.flatMap((step) => [step.name, step.compensation.name])) {
    if (!NAME_PATTERN.test(name)) refuse(`"${name}" must be letters, digits, "-" and "_"`);
    if (RESERVED_NAMES.includes(name)) {
      refuse(`the name "${name}" is reserved for the machine itself; call the activity otherwise`);
    }
    if (seen.has(name)) refuse(`activity "${name}" is used twice; give each use its own activity`);
    seen.add(name);
  }
}
