/**
 * Which results of a saga stand in its journal, so that its stored state need not repeat them.
 *
 * Pure. Invariant: a result named here is, as the state has it, the very output of the journal line
 * that is named with it. It is decided once, in the turn that brings the result, by the result alone:
 * a replay decides the same.
 */
import type { SagaDefinition } from '../define/definition.ts';
import type { FromJournal, SagaState } from '../state.ts';
import type { Inbound } from '../turn/inbound.ts';
import type { Predecessor } from './journal-record.ts';

/** A shorter result is repeated: that costs less than finding it again. */
const LEAST_LENGTH = 256;

/** What a turn came from and what it leaves. */
interface Taken {
  readonly before: Predecessor;
  readonly inbound: Inbound;
  readonly seq: number;
  /** After it. */
  readonly context: unknown;
}

/** What stands in the journal after a turn; `undefined`: nothing. */
export function fromJournalAfter(
  { isBuilt }: SagaDefinition,
  { before, inbound, seq, context }: Taken,
): FromJournal | undefined {
  if (!isBuilt) return undefined;
  const { fromJournal } = before;
  const brought = broughtBy(before, inbound, context);
  if (brought === null) {
    return fromJournal === undefined ? undefined : stillThere(fromJournal, before, context);
  }
  const [step, length] = brought;
  return { ...stillThere(fromJournal ?? {}, before, context), [step]: [seq, length] };
}

/** How long the results are that the journal has, as JSON. */
export function lengthInJournal({ fromJournal }: Pick<SagaState, 'fromJournal'>): number {
  if (fromJournal === undefined) return 0;
  return Object.values(fromJournal).reduce((sum, [, length]) => sum + length, 0);
}

function broughtBy(
  { live }: Predecessor,
  inbound: Inbound,
  context: unknown,
): readonly [step: string, length: number] | null {
  if (inbound.kind !== 'result' || inbound.outcome.kind !== 'done') return null;
  const { output } = inbound.outcome;
  if (typeof output !== 'object' && typeof output !== 'string') return null;
  const step = live.activities[inbound.activity]?.step;
  // What an activity answered may have become something else, or nothing, of the saga's results.
  if (step === undefined || resultsIn(context)[step] !== output) return null;
  const length = JSON.stringify(output).length;
  return length < LEAST_LENGTH ? null : [step, length];
}

// A loop gathers the results of its rounds under another name, and a step may bring another result.
function stillThere(
  known: FromJournal,
  { snapshot }: Predecessor,
  context: unknown,
): FromJournal | undefined {
  const was = resultsIn((snapshot as { readonly context: unknown } | null)?.context);
  const is = resultsIn(context);
  if (was === is) return known;
  const names = Object.keys(known);
  const kept = names.filter((name) => is[name] === was[name]);
  if (kept.length === names.length) return known;
  return kept.length === 0
    ? undefined
    : Object.fromEntries(kept.map((name) => [name, known[name] ?? [0, 0]]));
}

const NO_RESULTS: Readonly<Record<string, unknown>> = {};

/** The results in a context of a compiled saga, by step. */
export function resultsIn(context: unknown): Readonly<Record<string, unknown>> {
  const { results = NO_RESULTS } = (context ?? {}) as {
    readonly results?: Readonly<Record<string, unknown>>;
  };
  return results;
}
