/** Mistakes in generated sagas whose counter-examples both the core and the real engine take again. */
import { examplesFor } from '../../src/verify/values/learn.ts';
import { verify } from '../../src/verify/verify.ts';
import type { SagaDefinition } from '../../src/core/define/definition.ts';
import type { MemoryDatabase } from '../../src/store/sqlite/memory-store.ts';
import { Dice } from './dice.ts';
import { mutate, MUTATIONS } from './mutations.ts';
import { retake } from './retake.ts';
import { retakeOnEngine, type Retaken } from './retake-on-engine.ts';
import { type Subject, subjectOf } from './subject.ts';

/** A counter-example that shows something in the core, and what came of it on the engine. */
export interface RetakenTwice {
  /** The saga, the mistake, the way, and what the core shows. */
  readonly told: string;
  readonly engine: Retaken;
}

/** Larger ones take longer than they tell. */
const MAX_STATES = 400;

/** Up to `count` of them for the saga of a seed; none where it has children. */
export async function retakesOf(
  seed: number,
  count: number,
  makeDatabase: () => MemoryDatabase,
): Promise<readonly RetakenTwice[]> {
  const subject = subjectOf(seed);
  if (Object.keys(subject.definition.children).length > 0) return [];
  const dice = new Dice(`${seed}/retakes`);
  const retaken: RetakenTwice[] = [];
  for (const kind of dice.shuffled(Object.keys(MUTATIONS))) {
    if (retaken.length === count) break;
    const definition = mutantOf(subject, kind, dice);
    if (definition === null) continue;
    const examples = examplesFor(definition, {});
    const { findings } = verify(definition, { maxStates: MAX_STATES });
    const errors = findings.filter(({ severity, way }) => severity === 'error' && way.length > 0);
    for (const finding of errors) {
      const core = retake(definition, examples, finding);
      if (core === null) continue;
      const way = finding.way.map(({ event }) => event).join(' | ');
      const told = `seed ${seed}, ${subject.style}, ${kind}: ${way}\n    ${core}`;
      const engine = await retakeOnEngine(definition, examples, finding, makeDatabase());
      retaken.push({ told, engine });
      break;
    }
  }
  return retaken;
}

/** `null`: no place for such a mistake, or it cannot even be registered. */
function mutantOf({ config, with: written }: Subject, kind: string, dice: Dice) {
  const mutation = mutate(config, kind, dice);
  if (mutation === null) return null;
  let definition: SagaDefinition | null = null;
  try {
    definition = written(mutation.config);
  } catch {
    // Refused, as `verify` need not be asked.
  }
  return definition;
}
