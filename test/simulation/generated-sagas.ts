/**
 * Sagas that the generator draws, as simulated ones: each run of one brings another, so that blocks
 * stand within blocks as nobody thought of.
 */
import type { Contract } from '../../src/core/activity.ts';
import type { SagaDefinition } from '../../src/core/define/definition.ts';
import { build, drawForBuilder, eventsOf } from '../generated/built-saga.ts';
import { Dice } from '../generated/dice.ts';
import { blocksOf, type ChildSketch, everyBlock, type SagaSketch } from '../generated/sketch.ts';
import { type SimSaga, simulated, type What } from './sim-saga.ts';

/** The saga of this draw. `fraction`: in [0, 1). */
export function generatedSaga(fraction: number): SimSaga {
  const dice = new Dice(`simulated/${fraction}`);
  for (;;) {
    const sketch = drawForBuilder('generated', dice);
    if (!hasChildBeside(sketch)) return simSagaOf(sketch);
  }
}

// No oracle knows which child is independent of what runs beside it.
function hasChildBeside(sketch: SagaSketch): boolean {
  return blocksOf(sketch).some(
    (each) =>
      each.block === 'parallel' && everyBlock([each]).some(({ block }) => block === 'child'),
  );
}

function simSagaOf(sketch: SagaSketch): SimSaga {
  const blocks = blocksOf(sketch);
  const children = blocks.filter((each): each is ChildSketch => each.block === 'child');
  const waits = blocks.filter((each) => each.block === 'wait');
  const definition = build(sketch) as SagaDefinition<Contract>;
  return simulated(definition, {
    inputOf: (orderId, quantity) => ({ orderId, quantity }),
    // What conditions decide is the engine's to follow; the other oracles see what came of it.
    stepsOf: () => null,
    // A child in a loop is run for one order several times.
    subjectOf: ({ orderId }: What) => (orderId?.includes('.') === true ? undefined : orderId),
    events: waits.flatMap((wait) => {
      const { go, no } = eventsOf(wait);
      return wait.mayRefuse ? [{ type: go }, { type: go }, { type: no }] : [{ type: go }];
    }),
    isAskedAgain: true,
    carriesRuns: true,
    isSettledAnyhow: true,
    reminders: ['told', 'reminder'],
    children: children.map(({ saga }) => simSagaOf(saga)),
    local: definition.activities.filter((name) => !name.startsWith('probe-')),
    outputOf: (_: string, key: string) => ({ key, isLarge: isLarge(key) }),
  });
}

/** One run of a step always answers alike. */
function isLarge(key: string): boolean {
  return new Dice(key).isLucky(0.5);
}
