/** What mappers and conditions of a saga are shown of its context. */
import { readOwed, type SagaContext } from './context.ts';

/** The view of a mapper that runs forward. `loop`: the one it runs in. */
export function forwardView(context: SagaContext, loop: string | undefined): never {
  const { input, results, rounds } = context;
  return { input, results, round: loop === undefined ? 1 : (rounds?.[loop] ?? 1) } as never;
}

/** The view of a compensation: in a loop the results of the round that is undone. */
export function compensationView(
  context: SagaContext,
  step: string,
  loop: string | undefined,
): never {
  const { input, results, failure, owed } = context;
  const last = owed.findLast((name) => readOwed(name).step === step);
  const { round } = readOwed(last ?? step);
  const closed = loop === undefined ? undefined : (results[loop] as readonly object[])?.[round - 1];
  return { input, failure, round, results: { ...results, ...closed } } as never;
}
