/**
 * The builder's methods as the compiler sees them: what each block takes, and what it adds to the
 * results and to the events that the saga waits for.
 *
 * Types only; `saga.ts` does what they say.
 */
import type { ActivityOutput } from '../activity.ts';
import type { SagaDefinition } from './definition.ts';
import type {
  CalledActivity,
  ChildOptions,
  Condition,
  ForwardView,
  RoundView,
  SentEvent,
  StepOptions,
  WaitOptions,
  WaitResult,
  WayBackOptions,
} from './options.ts';
import type { StepKind } from '../status.ts';

/** What stays the same in all of a saga: see `SagaOptions`. */
export interface SagaBasis {
  readonly activities: object;
  /** The input as its schema takes it, and as it gives it. */
  readonly given: unknown;
  readonly input: unknown;
  /** Schemas by event type. */
  readonly events: unknown;
}

/** What blocks bring: to the results, and to the events that are waited for. */
export interface Contribution<Added = unknown, Event = unknown> {
  readonly added: Added;
  readonly event: Event;
}

/** Blocks that were written. */
export interface Written<Brought> {
  /** Only carries the type. */
  readonly written?: Brought;
}

/** Blocks being written; every call gives a new draft. */
export interface SagaDraft<
  B extends SagaBasis,
  Results,
  Added,
  Event,
  Output = null,
> extends Written<Contribution<Added, Event>> {
  /**
   * Adds a step. It calls the activity of its own name unless `activity` names another. With `when`
   * it may have no result.
   */
  step<
    Name extends (keyof B['activities'] & string) | (string & {}),
    Activity extends keyof B['activities'] & string = Extract<Name, keyof B['activities'] & string>,
    Compensation extends keyof B['activities'] & string = never,
    Probe extends keyof B['activities'] & string = never,
    Kind extends StepKind = 'compensatable',
    When extends boolean = never,
  >(
    name: Name,
    options: StepOptions<B['activities'], Activity, Probe, Kind, When, B['input'], Results> &
      CalledActivity<B['activities'], Name, Activity> &
      WayBackOptions<
        B['activities'],
        Name,
        Kind,
        Compensation,
        B['input'],
        Results & Record<Name, ActivityOutput<B['activities'], Activity>>
      >,
  ): With<
    B,
    Results,
    Added,
    Event,
    Output,
    Unless<When, Record<Name, ActivityOutput<B['activities'], Activity>>>
  >;

  /** Adds a saga of its own: its failure fails the step, its output is the result. */
  child<
    Name extends string,
    Compensation extends keyof B['activities'] & string,
    ChildInput,
    ChildOutput,
    When extends boolean = never,
  >(
    name: Name,
    options: ChildOptions<
      B['activities'],
      Name,
      Compensation,
      When,
      ChildInput,
      ChildOutput,
      B['input'],
      Results
    >,
  ): With<B, Results, Added, Event, Output, Unless<When, Record<Name, ChildOutput>>>;

  /** Waits for an event, such as an approval. */
  wait<Name extends string, On extends string>(
    name: Name,
    options: WaitOptions<On, B['input'], Results>,
  ): With<
    B,
    Results,
    Added,
    Event,
    Output,
    Record<Name, WaitResult<On, B['events']>>,
    SentEvents<On, B['events']>
  >;

  /** Runs branches at once; the first failure leaves all of them and compensates. */
  parallel<Branches extends Record<string, Contribution>>(
    name: string,
    branches: { readonly [Branch in keyof Branches]: Part<B, Results, Branches[Branch]> },
  ): With<B, Results, Added, Event, Output, AddedIn<Branches>, EventIn<Branches>>;

  /** Takes the first option whose condition holds; goes on when none does. */
  choose<Options extends Record<string, Contribution>>(
    name: string,
    options: {
      readonly [Option in keyof Options]: Condition<B['input'], Results> & {
        readonly steps: Part<B, Results, Options[Option]>;
      };
    },
  ): With<B, Results, Added, Event, Output, Partial<AddedIn<Options>>, EventIn<Options>>;

  /**
   * Repeats as long as `while` holds; a saga that wants more than `atMost` rounds compensates. Within
   * it `results` holds the finished rounds under the loop's name; see `EarlierRounds` for their types.
   */
  repeat<Name extends string, Round extends Contribution>(
    name: Name,
    options: {
      readonly while: (saga: RoundView<B['input'], Results & EarlierRounds<B, Name>>) => boolean;
      readonly atMost: number;
      readonly steps: Part<B, Results & EarlierRounds<B, Name>, Round>;
    },
  ): With<
    B,
    Results,
    Added,
    Event,
    Output,
    Record<Name, readonly Round['added'][]>,
    Round['event']
  >;

  /** Emits an event when the saga completes: delivered to subscribers at least once. */
  emitOnCompleted(
    event: (saga: ForwardView<B['input'], Results>) => { readonly type: string },
  ): SagaDraft<B, Results, Added, Event, Output>;

  /** What the completed saga gives: to a parent, and to whoever waits for it. Default null. */
  output<O>(
    of: (saga: ForwardView<B['input'], Results>) => O,
  ): SagaDraft<B, Results, Added, Event, O>;

  /** The finished definition. Throws `definition-invalid`. */
  build(): SagaDefinition<B['activities'], B['input'], Output, Event, B['given']>;
}

/** The draft with one more block. */
export type With<
  B extends SagaBasis,
  Results,
  Added,
  Event,
  Output,
  More,
  MoreEvents = never,
> = SagaDraft<B, Results & More, Added & More, Event | MoreEvents, Output>;

/** Writes the blocks of a branch, option or round. */
export type Part<B extends SagaBasis, Results, Brought> = (
  part: SagaDraft<B, Results, Record<never, never>, never>,
) => Written<Brought>;

/** A result that is not there where its condition did not hold; `When` is `never` without one. */
export type Unless<When extends boolean, Result> = [When] extends [never]
  ? Result
  : Partial<Result>;

/**
 * What the finished rounds of a loop gave, as seen from within it. A step that bears the name of its
 * activity has that activity's output. Of any other name it is `unknown`: the compiler would need the
 * round's steps while it still reads them. Behind the loop every step is typed.
 */
export type EarlierRounds<B extends SagaBasis, Loop extends string> = Record<
  Loop,
  readonly ({
    readonly [Step in keyof B['activities']]?: ActivityOutput<B['activities'], Step>;
  } & { readonly [step: string]: unknown })[]
>;

/** The events of a wait, as their senders give them. */
export type SentEvents<On extends string, Events> = { [Type in On]: SentEvent<Type, Events> }[On];

/** What all of the parts together bring to the results. */
export type AddedIn<Parts extends Record<string, Contribution>> = Merged<
  Parts[keyof Parts]['added']
>;

/** Every event that one of the parts waits for. */
export type EventIn<Parts extends Record<string, Contribution>> = Parts[keyof Parts]['event'];

/** The intersection of a union's members. */
export type Merged<Union> = (Union extends unknown ? (each: Union) => void : never) extends (
  all: infer All,
) => void
  ? All
  : never;
