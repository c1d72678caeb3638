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
import type { FinishedRounds, InOption, RoundOf, Shown, WithinRound } from './rounds.ts';
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

/** Blocks being written; every call gives a new draft. `Round` is `never` outside of a loop. */
export interface SagaDraft<
  B extends SagaBasis,
  Results,
  Added,
  Event,
  Output = null,
  Round extends RoundOf = never,
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
    options: StepOptions<
      B['activities'],
      Activity,
      Probe,
      Kind,
      When,
      B['input'],
      Shown<
        B['activities'],
        Results,
        Round,
        Record<Name, ActivityOutput<B['activities'], Activity>>
      >
    > &
      CalledActivity<B['activities'], Name, Activity> &
      WayBackOptions<
        B['activities'],
        Name,
        Kind,
        Compensation,
        B['input'],
        Record<Name, ActivityOutput<B['activities'], Activity>> &
          Shown<
            B['activities'],
            Results,
            Round,
            Record<Name, ActivityOutput<B['activities'], Activity>>
          >
      >,
  ): With<
    B,
    Results,
    Added,
    Event,
    Output,
    Round,
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
      Shown<B['activities'], Results, Round, Record<Name, ChildOutput>>
    >,
  ): With<B, Results, Added, Event, Output, Round, Unless<When, Record<Name, ChildOutput>>>;

  /** Waits for an event, such as an approval. */
  wait<Name extends string, On extends string>(
    name: Name,
    options: WaitOptions<On, B['input'], Shown<B['activities'], Results, Round>>,
  ): With<
    B,
    Results,
    Added,
    Event,
    Output,
    Round,
    Record<Name, WaitResult<On, B['events']>>,
    SentEvents<On, B['events']>
  >;

  /** Runs branches at once; the first failure leaves all of them and compensates. */
  parallel<Branches extends Record<string, Contribution>>(
    name: string,
    branches: { readonly [Branch in keyof Branches]: Part<B, Results, Branches[Branch], Round> },
  ): With<B, Results, Added, Event, Output, Round, AddedIn<Branches>, EventIn<Branches>>;

  /** Takes the first option whose condition holds; goes on when none does. */
  choose<Options extends Record<string, Contribution>>(
    name: string,
    options: {
      readonly [Option in keyof Options]: Condition<
        B['input'],
        Shown<B['activities'], Results, Round>
      > & {
        readonly steps: Part<B, Results, Options[Option], InOption<Round>>;
      };
    },
  ): With<B, Results, Added, Event, Output, Round, Partial<AddedIn<Options>>, EventIn<Options>>;

  /**
   * Repeats as long as `while` holds; a saga that wants more than `atMost` rounds compensates. Within
   * it `results` holds the finished rounds under the loop's name, typed as far as the compiler has
   * read: a `while` written after `steps` knows all of them, one before them none. See
   * `EarlierRound`.
   */
  repeat<Name extends string, Brought extends Contribution, Finished extends Contribution>(
    name: Name,
    options: {
      readonly atMost: number;
      readonly steps: (part: RoundDraft<B, Results, Name>) => Written<Brought> & Written<Finished>;
      readonly while: (
        saga: RoundView<
          B['input'],
          Results & FinishedRounds<B['activities'], Name, Finished['added']>
        >,
      ) => boolean;
    },
  ): With<
    B,
    Results,
    Added,
    Event,
    Output,
    Round,
    Record<Name, readonly Brought['added'][]>,
    Brought['event']
  >;

  /** Emits an event when the saga completes: delivered to subscribers at least once. */
  emitOnCompleted(
    event: (saga: ForwardView<B['input'], Results>) => { readonly type: string },
  ): SagaDraft<B, Results, Added, Event, Output, Round>;

  /** What the completed saga gives: to a parent, and to whoever waits for it. Default null. */
  output<O>(
    of: (saga: ForwardView<B['input'], Results>) => O,
  ): SagaDraft<B, Results, Added, Event, O, Round>;

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
  Round extends RoundOf,
  More,
  MoreEvents = never,
> = SagaDraft<
  B,
  Results & More,
  Added & More,
  Event | MoreEvents,
  Output,
  WithinRound<Round, More>
>;

/** Writes the blocks of a branch or option. */
export type Part<B extends SagaBasis, Results, Brought, Round extends RoundOf = never> = (
  part: SagaDraft<B, Results, Record<never, never>, never, null, Round>,
) => Written<Brought>;

/** A round of a loop in which nothing is written yet. */
export type RoundDraft<B extends SagaBasis, Results, Loop extends string> = SagaDraft<
  B,
  Results,
  Record<never, never>,
  never,
  null,
  RoundOf<Loop, Record<never, never>, false>
>;

/** A result that is not there where its condition did not hold; `When` is `never` without one. */
export type Unless<When extends boolean, Result> = [When] extends [never]
  ? Result
  : Partial<Result>;

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
