/** What mappers and conditions of a saga are shown of its context. */
import { presentEntry } from '../turn/ledger.ts';
import type { StepEntry } from '../state.ts';
import type { SagaContext } from './saga-context.ts';

/** The view of a mapper that runs forward. `loop`: the one it runs in. */
export function forwardView(context: SagaContext, loop: string | undefined): never {
  const { input, results } = context;
  return { input, results, round: loop === undefined ? 1 : presentRound(context, loop) } as never;
}

/** See `SagaDefinition.roundOf`. `loops`: by step. */
export function roundIn(loops: ReadonlyMap<string, string>) {
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
  loops: ReadonlyMap<string, string>,
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
