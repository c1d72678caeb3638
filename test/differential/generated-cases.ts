/** Cases by chance: random machines of plain XState, and sagas drawn by hand. */
import { Dice } from '../generated/dice.ts';
import { drawByHand, drawingOf, runnable } from '../generated/drawn-saga.ts';
import { EVENTS, randomChart } from '../generated/random-chart.ts';
import { type Block, blocksOf, within } from '../generated/sketch.ts';
import type { Case, Happening } from './case.ts';

/** One in so many is a saga. */
const SAGA_EVERY = 4;

/** The case of a seed. */
export function generatedCase(seed: number): Case {
  const dice = new Dice(`case/${seed}`);
  return seed % SAGA_EVERY === 0 ? sagaCase(dice) : chartCase(dice);
}

/** What happens to it, at random. */
export function drawHappening(dice: Dice): Happening {
  const which = dice.between(0, 99);
  const kind = dice.weighed({ event: 6, time: 3, done: 4, failed: 2 });
  return kind === 'done' ? { kind, which, output: dice.between(0, 99) } : { kind, which };
}

function chartCase(dice: Dice): Case {
  const events = EVENTS.flatMap((type) => [{ type }, { type, by: 2 }]);
  return {
    machine: randomChart(dice),
    events: [...events, { type: 'UNKNOWN' }],
    spansMs: [1, 999, 1_000, 3_000, 20_000],
  };
}

function sagaCase(dice: Dice): Case {
  const { sketch, style } = drawByHand('drawn', dice);
  const plain = { ...sketch, blocks: sketch.blocks.map(withoutEngine) };
  const drawing = drawingOf({ sketch: plain, style });
  const { machine } = runnable(drawing);
  const waits = blocksOf(plain).filter(
    (each) => each.block === 'wait' || each.block === 'pausable',
  );
  const types = waits.flatMap(({ block, name }) =>
    block === 'wait' ? [`go-${name}`, `no-${name}`] : [`pause-${name}`, `resume-${name}`],
  );
  const { outputs } = drawing.examples;
  return { machine, events: [...types, 'UNKNOWN'].map((type) => ({ type })), outputs };
}

// What only the engine does has no like in a live actor: it unwinds children, and starts some
// activities once alone.
function withoutEngine(block: Block): Block {
  switch (block.block) {
    case 'step':
      return { ...block, isRepeatable: true };
    case 'child':
      return { ...STEP, name: block.name, when: block.when };
    case 'wait':
      return block;
    case 'parallel':
      return { ...block, branches: block.branches.map((each) => each.map(withoutEngine)) };
    case 'choice':
      return { ...block, options: block.options.map((each) => each.map(withoutEngine)) };
    case 'loop':
    case 'pausable':
      return { ...block, blocks: within(block).map(withoutEngine) };
  }
}

const STEP = {
  block: 'step',
  attempts: 1,
  hasProbe: false,
  isRepeatable: true,
  hasHeartbeat: false,
  hasTotal: false,
  undoAttempts: 1,
} as const;
