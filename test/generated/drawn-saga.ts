/**
 * A sketch drawn by hand, as a user of XState would: states for every step, a small context, and a
 * way back in one of several manners.
 */
import { type AnyStateMachine, createMachine } from 'xstate';
import { z } from 'zod';
import { activity } from '../../src/core/activity.ts';
import { durable } from '../../src/core/define/durable.ts';
import type { Examples, SagaDefinition } from '../../src/core/define/definition.ts';
import type { EventSchemas } from '../../src/core/define/event-schemas.ts';
import { nodesOf } from '../../src/core/machine/machine-nodes.ts';
import { answersOf, build, eventsOf } from './built-saga.ts';
import type { Dice } from './dice.ts';
import { drawSketch } from './draw-sketch.ts';
import { DRAWN_ACTIONS, DRAWN_GUARDS } from './drawn-parts.ts';
import { Draftsman } from './drawn-states.ts';
import type { Style } from './drawn-undoing.ts';
import { type Block, blocksOf, type SagaSketch, type Weights } from './sketch.ts';

const PICKED: Weights = {
  step: 10,
  wait: 2,
  parallel: 2,
  choice: 2,
  loop: 1,
  child: 1,
  pausable: 2,
};
const CHAINED: Weights = { ...PICKED, parallel: 0, loop: 0, pausable: 0 };
/** A child, or a step that is tried again, would be taken for its last run where it is undone. */
const IN_LOOP: Weights = { ...PICKED, parallel: 0, loop: 0, pausable: 0, child: 0 };

/** What is drawn: a sketch, and the manner of its way back. */
export interface Drawn {
  readonly sketch: SagaSketch;
  readonly style: Style;
}

/** A machine's config and what its children are, before it is a machine. */
export interface Drawing {
  readonly config: object;
  readonly children: Readonly<Record<string, SagaDefinition>>;
  /** What callers send it, and by what schema. */
  readonly events: EventSchemas;
  readonly examples: Examples & { readonly outputs: NonNullable<Examples['outputs']> };
}

/** A random sketch, and the manner of its way back. */
export function drawByHand(id: string, dice: Dice): Drawn {
  const style: Style = dice.weighed({ picked: 2, side: 1, chained: 2 });
  const weights = style === 'chained' ? CHAINED : PICKED;
  return {
    sketch: drawSketch(id, dice, { weights, inLoop: IN_LOOP }),
    style,
  };
}

/** The sketch as a drawing. */
export function drawingOf({ sketch, style }: Drawn): Drawing {
  const blocks = blocksOf(sketch);
  const children = blocks.filter((each) => each.block === 'child');
  return {
    config: new Draftsman(sketch, style).draw(),
    children: Object.fromEntries(children.map(({ name, saga }) => [name, build(saga)])),
    events: Object.fromEntries(blocks.flatMap(eventsTo).map((type) => [type, z.object({})])),
    examples: {
      input: { orderId: 'order-1', quantity: sketch.quantity },
      outputs: answersOf(sketch),
    },
  };
}

/** The drawing as a saga. Throws what `durable` refuses it with. */
export function runnable({ config, children, events, examples }: Drawing): SagaDefinition {
  const bare = createMachine(config, { actions: DRAWN_ACTIONS, guards: DRAWN_GUARDS } as never);
  const nodes = nodesOf(bare as AnyStateMachine);
  const invoked = nodes.flatMap(({ invoke }) =>
    invoke.flatMap(({ src }) => (typeof src === 'string' ? [src] : [])),
  );
  const delays = nodes.flatMap(({ config: { after } }) => Object.keys(after ?? {}));
  const machine = bare.provide({
    actors: Object.fromEntries(invoked.map((src) => [src, activity()])),
    delays: Object.fromEntries(delays.map((name) => [name, delayMs(name)])),
  } as never);
  return durable(machine as AnyStateMachine, { children, events, examples });
}

/** The events that a block waits for. */
function eventsTo(block: Block): readonly string[] {
  const { name } = block;
  if (block.block === 'pausable') return [`pause-${name}`, `resume-${name}`];
  if (block.block !== 'wait') return [];
  const { go, no } = eventsOf(block);
  return block.mayRefuse ? [go, no] : [go];
}

function delayMs(name: string): number {
  if (name.endsWith('.timeout')) return 3_000;
  if (name.endsWith('.retry')) return 8_000;
  if (name.endsWith('.remind')) return 5_000;
  if (name === 'deadline') return 60_000;
  return name.endsWith('.total') ? 40_000 : 20_000;
}
