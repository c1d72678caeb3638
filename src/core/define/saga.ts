/**
 * `defineSaga`: a saga as a list of blocks, typed end to end, compiled to a plain XState machine.
 *
 * A mapper sees the saga's input and the results of what ran before it, and nothing else.
 */
import type { Contract } from '../activity.ts';
import { withAttemptNames } from './attempt-names.ts';
import { type AnyStep, childPlan, placeOf, read, stepPlan, waitPlan } from './blocks.ts';
import { checkAwaited, checkPlan } from './check.ts';
import { contextFlaw } from './saga-context-form.ts';
import { compileSaga } from './compile.ts';
import { BRANCHES, CHOICES, LOOP_OPTIONS, SAGA_MAPPER, SAGA_OPTIONS } from './option-members.ts';
import type { SagaBasis, SagaDraft } from './draft.ts';
import type { SagaOptions } from './options.ts';
import {
  type Block,
  effectsIn,
  everyBlock,
  loopsByStep,
  type SagaPlan,
  waysBackIn,
} from './plan.ts';
import type { RoundOf } from './rounds.ts';
import { withPlaces } from './user-code.ts';
import { roundIn } from './view.ts';
import type { SagaDefinition } from './definition.ts';
import { durable, type DurableOptions } from './durable.ts';
import { toMs } from '../duration.ts';
import { BackstepError } from '../errors.ts';
import type { EventSchemas } from './event-schemas.ts';
import type { SchemaInput, SchemaOutput, StandardSchema } from '../standard-schema.ts';
import { noteStrict } from '../machine/strict-machine.ts';

/**
 * Starts a saga definition.
 *
 * @example
 * defineSaga({ id: 'order', input: OrderInput, activities: {} as OrderActivities, deadline: '5m' })
 *   .step('reserveInventory', { input: ..., compensate: { activity: 'releaseInventory', ... } })
 *   .build();
 */
export function defineSaga<
  S extends StandardSchema,
  C extends Contract<C>,
  Events extends EventSchemas = Record<never, never>,
>(
  options: SagaOptions<S, C, Events>,
): SagaDraft<Basis<S, C, Events>, Record<never, never>, Record<never, never>, never> {
  read(options, SAGA_OPTIONS, sagaAt(options));
  return draft(options, { blocks: [], completed: null, output: null });
}

/** What the options say of types. */
export interface Basis<S, C extends object, Events> extends SagaBasis {
  readonly activities: C;
  readonly given: SchemaInput<S>;
  readonly input: SchemaOutput<S>;
  readonly events: Events;
}

function sagaAt(options: { readonly id?: unknown } | null | undefined): string {
  return typeof options?.id === 'string' ? `saga "${options.id}"` : 'defineSaga';
}

type Text = Pick<SagaPlan, 'blocks' | 'completed' | 'output'>;

/** What each draft has written, for the block that it is a part of. */
const texts = new WeakMap<object, Text>();

function draft<B extends SagaBasis, Results, Added, Event, Output, Round extends RoundOf = never>(
  options: SagaOptions,
  text: Text,
): SagaDraft<B, Results, Added, Event, Output, Round> {
  const { id } = options;
  const add = (block: Block) =>
    draft<B, never, never, never, never>(options, {
      ...text,
      blocks: [...text.blocks, block],
    });
  const written: SagaDraft<B, Results, Added, Event, Output, Round> = {
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

function blocksOf(options: SagaOptions, part: AnyPart): readonly Block[] {
  const text = texts.get(part(draft(options, { blocks: [], completed: null, output: null })));
  const isPart = text !== undefined && text.completed === null && text.output === null;
  if (isPart) return text.blocks;
  throw new BackstepError(
    'definition-invalid',
    `saga "${options.id}": a branch, option or round must give back the draft it was given, with ` +
      'steps added and without output or emitOnCompleted',
  );
}

function build<C extends object, Input, Output, Event, Given>(
  options: SagaOptions,
  text: Text,
): SagaDefinition<C, Input, Output, Event, Given> {
  const { id, version = 1, input, events = {}, examples = {}, deadline } = options;
  const deadlineMs = deadline === undefined ? null : toMs(deadline, `saga "${id}": deadline`);
  const plan: SagaPlan = { ...text, blocks: withAttemptNames(text.blocks), id, deadlineMs };
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
  const compiled = (isStrict: boolean): SagaDefinition<C, Input, Output, Event, Given> =>
    durable<C, Input, Output, Event, Given>(
      compileSaga(withPlaces(plan, isStrict)),
      durableOptions,
    );
  const definition = { ...compiled(false), contextFlaw, waysBack: waysBackIn(plan.blocks) };
  checkAwaited(plan, Object.keys(events));
  noteStrict(definition.machine, () => compiled(true).machine);
  return loops.size === 0 ? definition : { ...definition, roundOf: roundIn(loops) };
}
