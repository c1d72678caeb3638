/**
 * What the builder's methods take, typed from the contract, the saga's input and the results of
 * what runs before.
 *
 * Where something is missing, the name of the type that asks for it is the sentence that says what:
 * the compiler prints it.
 */
import type { ActivityInput, ActivityOutput, ProbeAnswer } from '../activity.ts';
import type { Examples, SagaDefinition } from './definition.ts';
import type { Duration } from '../duration.ts';
import type { Failure } from '../failure.ts';
import type { RetryPolicy } from '../retry-policy.ts';
import type { EventSchemas } from './event-schemas.ts';
import type { SchemaInput, SchemaOutput, StandardSchema } from '../standard-schema.ts';
import type { StepKind } from '../status.ts';

/** What a saga is beside its steps. */
export interface SagaOptions<
  S extends StandardSchema = StandardSchema,
  C = object,
  Events extends EventSchemas = EventSchemas,
> {
  /** Name of the saga type; letters, digits, `-` and `_`. */
  readonly id: string;
  /** See `DurableOptions.version`. Default 1. */
  readonly version?: number;
  /** Parses and types the input of a start. */
  readonly input: S;
  /**
   * The contract of its activities, for the types alone: `{} as TripActivities`. Their
   * implementations are given to `register`.
   */
  readonly activities: C;
  /**
   * Parses and types the events that its waits wait for, by event type; a schema sees the event
   * without its `type`. One that does not match is refused as `input-invalid`.
   */
  readonly events?: Events;
  /** Everything before the pivot together; past it the saga compensates. By the wall clock. */
  readonly deadline?: Duration;
  /** What `verify` explores the saga with; most sagas need none. */
  readonly examples?: Examples;
}

/** What a step's input mapper sees. */
export interface ForwardView<Input, Results> {
  readonly input: Input;
  /**
   * Outputs of what ran before, by name; of a loop the list of its finished rounds' outputs, within
   * the loop as well.
   */
  readonly results: Results;
}

/** The same inside of a loop. */
export interface RoundView<Input, Results> extends ForwardView<Input, Results> {
  /** 1 in the first round. Outside of a loop 1. */
  readonly round: number;
}

/** What a compensation's input mapper sees: any step may not have answered. */
export interface CompensationView<Input, Results> {
  readonly input: Input;
  /** In a loop: those of the round that is compensated. */
  readonly results: Partial<Results>;
  /** Why the saga is being compensated. */
  readonly failure: Failure;
  /** The round that is compensated. Outside of a loop 1. */
  readonly round: number;
}

/** Budget of one attempt and of all of them. */
export interface AttemptOptions {
  /** Longest an attempt may take before it counts as in doubt. Default 10s. */
  readonly timeout?: Duration;
  /** Longest silence of an attempt between two calls of `heartbeat()`. Default none. */
  readonly heartbeat?: Duration;
  /**
   * Default of a step: `exponential()`; of a retriable one: 100 attempts, 1s up to 5m; of a
   * compensation: 8 attempts, 500ms up to 30s; of a probe: 5 attempts.
   */
  readonly retry?: RetryPolicy;
  /** Failures that another attempt cannot mend, beside `PermanentError`. Pure. */
  readonly isPermanent?: (failure: Failure) => boolean;
}

/** A compensation. It must be repeatable and accept that its step never happened. */
export interface CompensationOptions<
  C,
  Name extends keyof C,
  Input,
  Results,
> extends AttemptOptions {
  readonly activity: Name;
  readonly input: (saga: CompensationView<Input, Results>) => ActivityInput<C, Name>;
}

/** An activity that answers whether a step in doubt happened. */
export interface ProbeOptions<
  C,
  Name extends keyof C,
  Probe extends keyof C,
  Input,
  Results,
> extends AttemptOptions {
  readonly activity: ActivityOutput<C, Probe> extends ProbeAnswer<ActivityOutput<C, Name>>
    ? Probe
    : never;
  readonly input: (saga: RoundView<Input, Results>) => ActivityInput<C, Probe>;
}

/**
 * What every step takes. `Activity`: whom it calls. `When` is `never` for one without a condition.
 */
export interface StepOptions<
  C,
  Activity extends keyof C,
  Probe extends keyof C,
  Kind extends StepKind,
  When extends boolean,
  Input,
  Results,
> extends AttemptOptions {
  /**
   * `compensatable`, the default: compensated when the saga fails later, or while nobody knows how
   * the step came out. `pivot`: the go or no-go; once it is done the saga goes forward only.
   * `retriable`: after it; given up on only by a person. `read-only`: changes nothing, so nothing
   * is owed for it. See Garcia-Molina and Salem, "Sagas", 1987, and the taxonomy in Richardson,
   * "Microservices Patterns", chapter 4.
   */
  readonly kind?: Kind;
  readonly input: (saga: RoundView<Input, Results>) => ActivityInput<C, Activity>;
  /** False: the saga goes on without it, and it has no result. Pure. */
  readonly when?: (saga: RoundView<Input, Results>) => When;
  /** Asked once no attempt is left and nobody knows whether the step happened. */
  readonly probe?: ProbeOptions<C, Activity, Probe, Input, Results>;
  /**
   * False: an attempt that may have had its effect is never followed by another. Default true:
   * the activity honours its idempotency key.
   */
  readonly repeatable?: boolean;
}

/** Whom a step calls: by default the activity of its own name. */
export type CalledActivity<C, Step extends string, Activity extends keyof C> = Step extends keyof C
  ? { readonly activity?: Activity }
  : NamesActivity<
      `no activity is called "${Step}": say in "activity" which one it calls`,
      Activity
    >;

/** The compiler prints the sentence where the activity is missing. */
export interface NamesActivity<_Sentence extends string, Activity> {
  readonly activity: Activity;
}

/** How a step is undone: always, or never. */
export type WayBackOptions<
  C,
  Step extends string,
  Kind extends StepKind,
  Compensation extends keyof C,
  Input,
  Results,
> = Kind extends 'compensatable'
  ? Compensates<
      `step "${Step}" needs "compensate", or a kind: pivot, retriable or read-only`,
      C,
      Compensation,
      Input,
      Results
    >
  : { readonly compensate?: `a ${Kind} step is never compensated` };

/** The compiler prints the sentence where the compensation is missing. */
export interface Compensates<_Sentence extends string, C, Name extends keyof C, Input, Results> {
  readonly compensate: CompensationOptions<C, Name, Input, Results>;
}

/** Makes an option conditional. */
export interface Condition<Input, Results> {
  /** Pure. */
  readonly when: (saga: RoundView<Input, Results>) => boolean;
}

/** A saga of its own as a step. */
export interface ChildOptions<
  C,
  Name extends string,
  Compensation extends keyof C,
  When extends boolean,
  ChildInput,
  Output,
  Input,
  Results,
> {
  readonly saga: SagaDefinition<object, ChildInput, Output>;
  readonly input: (saga: RoundView<Input, Results>) => ChildInput;
  /** False: the saga goes on without it, and it has no result. Pure. */
  readonly when?: (saga: RoundView<Input, Results>) => When;
  /** Past it the child is cancelled and this saga compensates. Default: none but the child's own. */
  readonly within?: Duration;
  /** Undoes a child that had completed; one that still runs is cancelled first. */
  readonly compensate: CompensationOptions<C, Compensation, Input, Results & Record<Name, Output>>;
}

/** A wait for an event; one that comes early is kept, bounded, while a wait for it is ahead. */
export interface WaitOptions<On extends string, Input, Results> {
  /** Where each event type leads. */
  readonly on: Readonly<Record<On, 'continue' | 'compensate'>>;
  /** Longest wait, by the wall clock. */
  readonly within: Duration;
  /** What happens then. Default `compensate`. */
  readonly onExpired?: 'continue' | 'compensate';
  /**
   * One event ends one wait. True where waits in parallel branches name the same event type: then
   * it ends every one of them that the saga is at when it takes the event. Each of them says so.
   */
  readonly shared?: boolean;
  /** An event emitted again and again while nobody answers. */
  readonly remind?: {
    readonly every: Duration;
    readonly emit: (saga: ForwardView<Input, Results>) => { readonly type: string };
  };
}

/** How a wait ended: the event as it came, or as its schema gave it, or that none did. */
export type WaitResult<On extends string, Events = Record<never, never>> =
  { readonly kind: 'event'; readonly event: TakenEvent<On, Events> } | { readonly kind: 'expired' };

/** An event as a saga has it. */
export type TakenEvent<Type extends string, Events> = Type extends keyof Events
  ? Carrying<Type, SchemaOutput<Events[Type]>>
  : Carrying<Type, Record<string, unknown>>;

/** An event as its sender gives it, before the schema of its type has seen it. */
export type SentEvent<Type extends string, Events> = Type extends keyof Events
  ? Carrying<Type, SchemaInput<Events[Type]>>
  : Carrying<Type, Record<string, unknown>>;

/** An event and its members; `Record<string, never>` is how schemas say that there are none. */
export type Carrying<Type extends string, Members> =
  Members extends Record<string, never>
    ? { readonly type: Type }
    : { readonly type: Type } & Readonly<Members>;
