/**
 * Answers that came after the saga had given their attempt up: kept with the step they belong to,
 * as information for whoever must undo it.
 *
 * Never makes a transition. Only a success is kept: a failure after an abort is mostly the abort
 * itself.
 */
import type { SagaDefinition } from '../define/definition.ts';
import type { Inbound } from './inbound.ts';
import { presentEntry } from './ledger.ts';
import type { StepEntry } from '../state.ts';

/** Longest late output that is kept, in characters of JSON. */
const MAX_LATE_LENGTH = 4_096;

/** The ledger with a late success in it; the same array when the result tells nothing. */
export function withLateResult(
  definition: SagaDefinition,
  steps: readonly StepEntry[],
  { activity, outcome, occurrence }: Extract<Inbound, { kind: 'result' }>,
  nowMs: number,
): readonly StepEntry[] {
  const role = definition.invokes.get(activity);
  if (role?.direction !== 'forward' || outcome.kind !== 'done') return steps;
  const present = presentEntry(steps, role.step, 'compensate');
  const meant = steps.findLast(
    (entry) => entry.name === role.step && entry.occurrence === (occurrence ?? present?.occurrence),
  );
  // The attempt was answered in time: this result is a duplicate.
  if (meant === undefined || meant.status === 'completed' || meant.late !== undefined) return steps;
  const { output = null } = outcome;
  const isKept = JSON.stringify(output).length <= MAX_LATE_LENGTH;
  const late = { atMs: nowMs, output: isKept ? output : null };
  return steps.map((entry) => (entry === meant ? { ...entry, late } : entry));
}
