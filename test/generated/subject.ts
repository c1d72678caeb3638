/** A random valid saga, built or drawn by hand, that a mistake can be put into. */
import { createMachine } from 'xstate';
import { durable } from '../../src/core/define/durable.ts';
import type { SagaDefinition } from '../../src/core/define/definition.ts';
import { build, drawForBuilder } from './built-saga.ts';
import { Dice } from './dice.ts';
import { drawByHand, drawingOf, runnable } from './drawn-saga.ts';
import { independence, type SagaSketch } from './sketch.ts';

export interface Subject {
  readonly seed: number;
  /** How it is written: `built`, or the manner of its drawn way back. */
  readonly style: string;
  readonly sketch: SagaSketch;
  readonly definition: SagaDefinition;
  readonly config: object;
  /** The saga with another config. Throws what it is refused with. */
  readonly with: (config: object) => SagaDefinition;
  /** Steps that stand in different branches of a parallel block. */
  readonly areIndependent: (one: string, other: string) => boolean;
}

/** One in so many is built; the compiler draws those right by itself. */
const BUILT_EVERY = 3;

const ID = 'generated';

/** The saga of a seed. */
export function subjectOf(seed: number): Subject {
  const dice = new Dice(seed);
  return seed % BUILT_EVERY === 0 ? built(seed, dice) : drawn(seed, dice);
}

function built(seed: number, dice: Dice): Subject {
  const sketch = drawForBuilder(ID, dice);
  const definition = build(sketch);
  return {
    seed,
    style: 'built',
    sketch,
    definition,
    config: definition.machine.config,
    with: (config) => redrawn(definition, config),
    areIndependent: independence(sketch),
  };
}

/** A built saga with another drawing. Throws what it is refused with. */
export function redrawn(definition: SagaDefinition, config: object): SagaDefinition {
  const { machine, children, examples } = definition;
  const drawnAs = createMachine(config, machine.implementations as never);
  const { events: _, ...changed } = durable(drawnAs, { children, examples });
  const { keepsEarly, editable, waysBack, roundOf, input, events } = definition;
  return { ...changed, input, events, keepsEarly, editable, waysBack, roundOf };
}

function drawn(seed: number, dice: Dice): Subject {
  const { sketch, style } = drawByHand(ID, dice);
  const drawing = drawingOf({ sketch, style });
  return {
    seed,
    style,
    sketch,
    definition: runnable(drawing),
    config: drawing.config,
    with: (config) => runnable({ ...drawing, config }),
    areIndependent: independence(sketch),
  };
}
