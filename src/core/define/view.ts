/** What mappers and conditions of a saga are shown of its context. */
import { presentEntry } from '../turn/ledger.ts';
import type { StepEntry } from '../state.ts';
import type { SagaContext } from './saga-context.ts';

/** The loop of each step in one. */
type Loops = ReadonlyMap<string, string>;

/** The view of a mapper of a block, or of the saga itself, that runs forward. */
export function forwardView(context: SagaContext, loops: Loops, block?: string): never {
  const loop = block === undefined ? undefined : loops.get(block);
  const round = loop === undefined ? 1 : presentRound(context, loop);
  return { input: context.input, results: resultsOf(context, loops), round } as never;
}

/** The view of a loop's condition: of the round that would come next. */
export function nextRoundView(context: SagaContext, loops: Loops, round: number): never {
  return { input: context.input, results: resultsOf(context, loops), round } as never;
}

// A loop that has finished no round yet has an empty list of them.
function resultsOf({ results }: SagaContext, loops: Loops): SagaContext['results'] {
  let shown = results;
  for (const loop of loops.values()) {
    if (shown[loop] === undefined) shown = { ...shown, [loop]: [] };
  }
  return shown;
}

/** See `SagaDefinition.roundOf`. `loops`: by step. */
export function roundIn(loops: Loops) {
  return (context: unknown, step: string): number | undefined => {
    const loop = loops.get(step);
    return loop === undefined ? undefined : presentRound(context as SagaContext, loop);
  };
}

function presentRound({ rounds }: SagaContext, loop: string): number {
  return rounds?.[loop] ?? 1;
}

/**
 * The view of a compensation: in a loop the results of the round that is undone, and of no other.
 *
 * @param steps the ledger; the entry that it says is next gives the round, as it gives the key
 */
export function compensationView(
  { input, results, failure }: SagaContext,
  step: string,
  loops: Loops,
  steps: readonly StepEntry[],
): never {
  const loop = loops.get(step);
  if (loop === undefined) return { input, failure, round: 1, results } as never;
  const entry = presentEntry(steps, step, 'compensate');
  // A saga that began before rounds were recorded has run its steps in every round.
  const round = entry?.round ?? entry?.occurrence ?? 1;
  const closed = (results[loop] as readonly object[] | undefined)?.[round - 1];
  if (closed === undefined) return { input, failure, round, results } as never;
  const others = Object.entries(results).filter(([name]) => loops.get(name) !== loop);
  return { input, failure, round, results: { ...Object.fromEntries(others), ...closed } } as never;
}
