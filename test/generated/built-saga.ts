/**
 * A sketch written with the builder. Every answer embeds the key it was given under, and every
 * compensation carries the round and the answer of the run that it undoes.
 */
import { z } from 'zod';
import type { SagaDefinition } from '../../src/core/define/definition.ts';
import { defineSaga } from '../../src/core/define/saga.ts';
import { exponential } from '../../src/core/retry-policy.ts';
import type { Dice } from './dice.ts';
import { drawSketch } from './draw-sketch.ts';
import {
  type Block,
  blocksOf,
  type ChildSketch,
  type SagaSketch,
  type StepSketch,
  type WaitSketch,
  type Weights,
  type When,
} from './sketch.ts';

/** How often each block is drawn for a saga that the builder writes. */
const BUILT: Weights = {
  step: 10,
  wait: 2,
  parallel: 2,
  choice: 2,
  loop: 2,
  child: 1,
  pausable: 0,
};

const IN_LOOP: Weights = { ...BUILT, parallel: 0, loop: 0 };

/** What a mapper or condition is shown. */
interface View {
  readonly input: { readonly orderId: string; readonly quantity: number };
  readonly results: Readonly<Record<string, unknown>>;
  readonly round: number;
}

/** A draft whose names are known only at run time. */
interface Draft {
  step(name: string, options: object): Draft;
  child(name: string, options: object): Draft;
  wait(name: string, options: object): Draft;
  parallel(name: string, branches: object): Draft;
  choose(name: string, options: object): Draft;
  repeat(name: string, options: object): Draft;
  emitOnCompleted(event: (view: View) => object): Draft;
  output(of: (view: View) => unknown): Draft;
  build(): SagaDefinition;
}

const INPUT = z.object({ orderId: z.string(), quantity: z.int() });

/** A random sketch for the builder. */
export function drawForBuilder(id: string, dice: Dice): SagaSketch {
  return drawSketch(id, dice, { weights: BUILT, inLoop: IN_LOOP });
}

/** What is to be given to the builder in place of what a sketch says. */
export type Alter = (call: Call, name: string, options: Options) => Options;

/** The calls of the builder that are given a name and options. */
export type Call = 'step' | 'child' | 'wait' | 'choose' | 'repeat';

export type Options = Readonly<Record<string, unknown>>;

/** The sketch as a built saga. Throws what the builder refuses it with. */
export function build(sketch: SagaSketch, alter: Alter = asItIs): SagaDefinition {
  const { id, quantity, blocks, pivot, finishing, hasDeadline, emits } = sketch;
  let draft = defineSaga({
    id,
    input: INPUT,
    activities: {} as Readonly<Record<string, (input: unknown) => unknown>>,
    ...(hasDeadline ? { deadline: '60s' } : {}),
    examples: { input: { orderId: 'order-1', quantity }, outputs: answersOf(sketch) },
  }) as unknown as Draft;
  const writer = new Writer(alter);
  draft = writer.written(draft, blocks, 'compensatable');
  if (pivot !== null) draft = writer.withStep(draft, pivot, 'pivot');
  draft = writer.written(draft, finishing, 'retriable');
  if (emits) draft = draft.emitOnCompleted(({ input }) => ({ type: 'told', of: input.orderId }));
  return draft.output(({ results }) => Object.keys(results)).build();
}

/** The event that ends a wait well, and the one that turns the saga back. */
export function eventsOf({ name }: WaitSketch): { readonly go: string; readonly no: string } {
  return { go: `go-${name}`, no: `no-${name}` };
}

/** An answer of either kind, for the steps that something is decided by. */
export function answersOf(sketch: SagaSketch): Readonly<Record<string, readonly unknown[]>> {
  const asked = blocksOf(sketch).flatMap((block) => {
    const by = block.block === 'choice' ? block.by : 'when' in block ? block.when : null;
    return by?.of === 'answer' ? [by.step] : [];
  });
  const answers = asked.map((step) => [
    step,
    [
      { key: `${step}-large`, isLarge: true },
      { key: `${step}-small`, isLarge: false },
    ],
  ]);
  return Object.fromEntries(answers) as Record<string, readonly unknown[]>;
}

const asItIs: Alter = (_, __, options) => options;

type Zone = 'compensatable' | 'pivot' | 'retriable';

class Writer {
  readonly #alter: Alter;

  constructor(alter: Alter) {
    this.#alter = alter;
  }

  written(draft: Draft, blocks: readonly Block[], kind: Zone): Draft {
    return blocks.reduce((before, block) => this.#withBlock(before, block, kind), draft);
  }

  withStep(draft: Draft, step: StepSketch, kind: Zone): Draft {
    const { name, attempts, hasProbe, isRepeatable, hasHeartbeat, hasTotal, when, undoAttempts } =
      step;
    const total = hasTotal ? { total: '40s' } : {};
    const options = {
      kind,
      input: workOf,
      timeout: '3s',
      ...(hasHeartbeat ? { heartbeat: '1s' } : {}),
      ...(isRepeatable ? {} : { repeatable: false }),
      ...(when === null ? {} : { when: conditionOf(when) }),
      retry: exponential({ first: '8s', max: '30s', attempts, ...total } as object),
      ...(hasProbe ? { probe: { activity: `probe-${name}`, input: workOf } } : {}),
      ...(kind === 'compensatable' ? { compensate: undoingOf(name, undoAttempts) } : {}),
    };
    return draft.step(name, this.#alter('step', name, options));
  }

  #withBlock(draft: Draft, block: Block, kind: Zone): Draft {
    const { name } = block;
    const inside = (blocks: readonly Block[]) => (part: Draft) => this.written(part, blocks, kind);
    switch (block.block) {
      case 'step':
        return this.withStep(draft, block, kind);
      case 'wait':
        return this.#withWait(draft, block);
      case 'parallel': {
        const branches = block.branches.map((each, index) => [`branch${index + 1}`, inside(each)]);
        return draft.parallel(name, Object.fromEntries(branches) as object);
      }
      case 'choice': {
        const options = block.options.map((each, index) => [
          `option${index + 1}`,
          { when: index === 0 ? conditionOf(block.by) : () => true, steps: inside(each) },
        ]);
        const all = Object.fromEntries(options) as Options;
        return draft.choose(name, this.#alter('choose', name, all));
      }
      case 'loop': {
        const options = {
          while: ({ input, round }: View) => round <= input.quantity,
          atMost: block.atMost,
          steps: inside(block.blocks),
        };
        return draft.repeat(name, this.#alter('repeat', name, options));
      }
      case 'child':
        return this.#withChild(draft, block);
      case 'pausable':
        throw new Error('the builder has no such block');
    }
  }

  #withWait(draft: Draft, wait: WaitSketch): Draft {
    const { name, mayRefuse, onExpired, reminds } = wait;
    const { go, no } = eventsOf(wait);
    const remind = { every: '5s', emit: () => ({ type: 'reminder', of: name }) };
    const options = {
      on: { [go]: 'continue', ...(mayRefuse ? { [no]: 'compensate' } : {}) },
      within: '20s',
      onExpired,
      ...(reminds ? { remind } : {}),
    };
    return draft.wait(name, this.#alter('wait', name, options));
  }

  #withChild(draft: Draft, { name, saga, when, isLimited }: ChildSketch): Draft {
    const options = {
      saga: build(saga),
      input: ({ input }: View) => ({ orderId: `${input.orderId}.${name}`, quantity: 1 }),
      ...(isLimited ? { within: '30s' } : {}),
      ...(when === null ? {} : { when: conditionOf(when) }),
      compensate: undoingOf(name),
    };
    return draft.child(name, this.#alter('child', name, options));
  }
}

function workOf({ input, round }: View): object {
  return { orderId: input.orderId, round };
}

function undoingOf(step: string, attempts = 2): object {
  const input = ({ input: { orderId }, round, results }: View): object => ({
    orderId,
    round,
    brought: results[step] ?? null,
  });
  const retry = exponential({ first: '500ms', attempts });
  return { activity: `undo-${step}`, input, timeout: '3s', retry };
}

function conditionOf(when: When): (view: View) => boolean {
  switch (when.of) {
    case 'round':
      return ({ round }) => round === 1;
    case 'input':
      return ({ input }) => input.quantity > 1;
    case 'answer':
      return ({ results }) => isLarge(results[when.step]);
  }
}

function isLarge(answer: unknown): boolean {
  return (Object(answer) as { readonly isLarge?: boolean }).isLarge === true;
}
