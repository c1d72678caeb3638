/**
 * `defineSaga`: a saga as a list of blocks, typed end to end, compiled to a plain XState machine.
 *
 * A mapper sees the saga's input and the results of what ran before it, and nothing else.
 */
import type { ActivityOutput, Contract } from '../activity.ts';
import { type AnyStep, childPlan, placeOf, read, stepPlan, waitPlan } from './blocks.ts';
import { checkAwaited, checkPlan } from './check.ts';
import { contextFlaw } from './saga-context-form.ts';
import { compileSaga } from './compile.ts';
import { BRANCHES, CHOICES, LOOP_OPTIONS, SAGA_MAPPER, SAGA_OPTIONS } from './option-members.ts';
import type {
  ChildOptions,
  CompensatableOptions,
  Condition,
  ForwardOnlyOptions,
  ForwardView,
  RoundView,
  SagaOptions,
  WaitOptions,
  WaitResult,
} from './options.ts';
import {
  type Block,
  effectsIn,
  everyBlock,
  loopsByStep,
  type SagaPlan,
  waysBackIn,
} from './plan.ts';
import { withPlaces } from './user-code.ts';
import { roundIn } from './view.ts';
import type { SagaDefinition } from './definition.ts';
import { durable, type DurableOptions } from './durable.ts';
import { toMs } from '../duration.ts';
import { BackstepError } from '../errors.ts';
import type { EventSchemas } from './event-schemas.ts';
import type { SchemaOutput, StandardSchema } from '../standard-schema.ts';
import { noteStrict } from '../machine/strict-machine.ts';

/** Blocks that were written. */
export interface Written<Added> {
  /** Only carries the type of what they bring to the results. */
  readonly added?: Added;
}

/** Blocks being written; every call gives a new draft. */
export interface SagaDraft<
  C extends Contract,
  Input,
  Results,
  Added,
  Output = null,
  Events = Record<never, never>,
> extends Written<Added> {
  /** Adds a step. It calls the activity of the same name. With `when` it may have no result. */
  step<
    Name extends keyof C & string,
    Compensation extends keyof C & string,
    Probe extends keyof C & string,
  >(
    name: Name,
    options: StepOptions<C, Name, Compensation, Probe, Input, Results> & Condition<Input, Results>,
  ): With<C, Input, Results, Added, Output, Events, Partial<Record<Name, ActivityOutput<C, Name>>>>;
  step<
    Name extends keyof C & string,
    Compensation extends keyof C & string,
    Probe extends keyof C & string,
  >(
    name: Name,
    options: StepOptions<C, Name, Compensation, Probe, Input, Results>,
  ): With<C, Input, Results, Added, Output, Events, Record<Name, ActivityOutput<C, Name>>>;

  /** Adds a saga of its own: its failure fails the step, its output is the result. */
  child<Name extends string, Compensation extends keyof C & string, ChildInput, ChildOutput>(
    name: Name,
    options: ChildOptions<C, Name, Compensation, ChildInput, ChildOutput, Input, Results> &
      Partial<Condition<Input, Results>>,
  ): With<C, Input, Results, Added, Output, Events, Record<Name, ChildOutput>>;

  /** Waits for an event, such as an approval. */
  wait<Name extends string, On extends string>(
    name: Name,
    options: WaitOptions<On, Input, Results>,
  ): With<C, Input, Results, Added, Output, Events, Record<Name, WaitResult<On, Events>>>;

  /** Runs branches at once; the first failure leaves all of them and compensates. */
  parallel<Branches extends Record<string, object>>(
    name: string,
    branches: {
      readonly [Branch in keyof Branches]: Part<C, Input, Results, Branches[Branch], Events>;
    },
  ): With<C, Input, Results, Added, Output, Events, Merged<Branches[keyof Branches]>>;

  /** Takes the first option whose condition holds; goes on when none does. */
  choose<Options extends Record<string, object>>(
    name: string,
    options: {
      readonly [Option in keyof Options]: Condition<Input, Results> & {
        readonly steps: Part<C, Input, Results, Options[Option], Events>;
      };
    },
  ): With<C, Input, Results, Added, Output, Events, Partial<Merged<Options[keyof Options]>>>;

  /** Repeats as long as `while` holds; a saga that wants more than `atMost` rounds compensates. */
  repeat<Name extends string, Round extends object>(
    name: Name,
    options: {
      readonly while: (saga: RoundView<Input, Results>) => boolean;
      readonly atMost: number;
      readonly steps: Part<C, Input, Results, Round, Events>;
    },
  ): With<C, Input, Results, Added, Output, Events, Record<Name, readonly Round[]>>;

  /** Emits an event when the saga completes: delivered to subscribers at least once. */
  emitOnCompleted(
    event: (saga: ForwardView<Input, Results>) => { readonly type: string },
  ): SagaDraft<C, Input, Results, Added, Output, Events>;

  /** What the completed saga gives to a parent. Default null. */
  output<O>(
    of: (saga: ForwardView<Input, Results>) => O,
  ): SagaDraft<C, Input, Results, Added, O, Events>;

  /** The finished definition. Throws `definition-invalid`. */
  build(): SagaDefinition<C, Input, Output>;
}

type StepOptions<
  C extends Contract,
  Name extends keyof C,
  Compensation extends keyof C,
  Probe extends keyof C,
  Input,
  Results,
> =
  | CompensatableOptions<C, Name, Compensation, Probe, Input, Results>
  | ForwardOnlyOptions<C, Name, Probe, Input, Results>;

type With<C extends Contract, Input, Results, Added, Output, Events, More> = SagaDraft<
  C,
  Input,
  Results & More,
  Added & More,
  Output,
  Events
>;

/** Writes the blocks of a branch, option or round. */
type Part<C extends Contract, Input, Results, Added, Events> = (
  part: SagaDraft<C, Input, Results, Record<never, never>, null, Events>,
) => Written<Added>;

type Merged<Union> = (Union extends object ? (each: Union) => void : never) extends (
  all: infer All,
) => void
  ? All
  : never;

/**
 * Starts a saga definition over a contract of activities.
 *
 * @example
 * defineSaga<OrderActivities>()({ id: 'order', input: OrderInput, deadline: '5m' })
 *   .step('reserveInventory', { input: ..., compensate: { activity: 'releaseInventory', ... } })
 *   .build();
 */
export function defineSaga<C extends Contract>() {
  return <S extends StandardSchema, Events extends EventSchemas = Record<never, never>>(
    options: SagaOptions<S, Events>,
  ): SagaDraft<C, SchemaOutput<S>, Record<never, never>, Record<never, never>, null, Events> => {
    read(options, SAGA_OPTIONS, sagaAt(options));
    return draft(options, { blocks: [], completed: null, output: null });
  };
}

function sagaAt(options: { readonly id?: unknown } | null | undefined): string {
  return typeof options?.id === 'string' ? `saga "${options.id}"` : 'defineSaga()(...)';
}

type Text = Pick<SagaPlan, 'blocks' | 'completed' | 'output'>;

/** What each draft has written, for the block that it is a part of. */
const texts = new WeakMap<object, Text>();

function draft<C extends Contract, Input, Results, Added, Output, Events>(
  options: SagaOptions<StandardSchema>,
  text: Text,
): SagaDraft<C, Input, Results, Added, Output, Events> {
  const { id } = options;
  const add = (block: Block) =>
    draft<C, never, never, never, never, never>(options, {
      ...text,
      blocks: [...text.blocks, block],
    });
  const written: SagaDraft<C, Input, Results, Added, Output, Events> = {
    step: (name: string, step: object) => add(stepPlan(id, name, step as AnyStep)),
    child: (name, child) => add(childPlan(id, name, child)),
    wait: (name, wait) => add(waitPlan(id, name, wait)),
    parallel: (name, branches) => {
      read(branches, BRANCHES, placeOf(id, 'parallel', name));
      const parts = Object.entries<unknown>(branches);
      const of = parts.map(([branch, part]) => [branch, blocksOf(options, part as AnyPart)]);
      return add({ block: 'parallel', name, branches: Object.fromEntries(of) as Branches });
    },
    choose: (name, ways) => {
      read(ways, CHOICES, placeOf(id, 'choice', name));
      const all = Object.entries<{ readonly when: unknown; readonly steps: unknown }>(ways);
      const of = all.map(([option, { when, steps }]) => ({
        name: option,
        when: when as (view: never) => boolean,
        blocks: blocksOf(options, steps as AnyPart),
      }));
      return add({ block: 'choice', name, options: of });
    },
    repeat: (name, loop) => {
      read(loop, LOOP_OPTIONS, placeOf(id, 'loop', name));
      const { atMost, steps, while: wants } = loop;
      const blocks = blocksOf(options, steps as AnyPart);
      return add({ block: 'loop', name, atMost, while: wants, blocks });
    },
    emitOnCompleted: (completed) => {
      read(completed, SAGA_MAPPER, `saga "${id}": emitOnCompleted`);
      return draft(options, { ...text, completed });
    },
    output: (output) => {
      read(output, SAGA_MAPPER, `saga "${id}": output`);
      return draft(options, { ...text, output });
    },
    build: () => build(options, text),
  };
  texts.set(written, text);
  return written;
}

type Branches = Readonly<Record<string, readonly Block[]>>;

type AnyPart = (part: object) => object;

function blocksOf(options: SagaOptions<StandardSchema>, part: AnyPart): readonly Block[] {
  const text = texts.get(part(draft(options, { blocks: [], completed: null, output: null })));
  const isPart = text !== undefined && text.completed === null && text.output === null;
  if (isPart) return text.blocks;
  throw new BackstepError(
    'definition-invalid',
    `saga "${options.id}": a branch, option or round must give back the draft it was given, with ` +
      'steps added and without output or emitOnCompleted',
  );
}

function build<C extends Contract, Input, Output>(
  options: SagaOptions<StandardSchema>,
  text: Text,
): SagaDefinition<C, Input, Output> {
  const { id, version = 1, input, events = {}, examples = {}, deadline } = options;
  const deadlineMs = deadline === undefined ? null : toMs(deadline, `saga "${id}": deadline`);
  const plan: SagaPlan = { ...text, id, deadlineMs };
  checkPlan(plan);
  const blocks = everyBlock(plan.blocks);
  const children = effectsIn(plan.blocks).filter((each) => each.block === 'child');
  const awaited = blocks.flatMap((each) => (each.block === 'wait' ? Object.keys(each.on) : []));
  const loops = loopsByStep(plan.blocks);
  const durableOptions: DurableOptions = {
    version,
    input,
    events,
    examples,
    children: Object.fromEntries(children.map(({ name, saga }) => [name, saga])),
    keepsEarly: awaited,
    editable: ['input', 'results'],
  };
  const compiled = (isStrict: boolean): SagaDefinition<C, Input, Output> =>
    durable(compileSaga(withPlaces(plan, isStrict)), durableOptions);
  const definition = { ...compiled(false), contextFlaw, waysBack: waysBackIn(plan.blocks) };
  checkAwaited(plan, Object.keys(events));
  noteStrict(definition.machine, () => compiled(true).machine);
  return loops.size === 0 ? definition : { ...definition, roundOf: roundIn(loops) };
}
