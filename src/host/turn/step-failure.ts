/**
 * Which attempt failed in a turn, for those who count failures: read from what the turn did to the
 * ledger. Pure.
 */
import type { StepEntry } from '../../core/state.ts';
import type { StepFailure } from '../../store/commit.ts';
import type { TakenTurn } from './taken-turn.ts';

/** Of the attempt that answered, or timed out, and failed; `null`: none did. */
export function stepFailureOf({ before, after, record }: TakenTurn): StepFailure | null {
  const { inbound, kind } = record;
  if (before === null || kind === 'note') return null;
  if (inbound.kind === 'result' ? inbound.outcome.kind === 'done' : inbound.kind !== 'timer') {
    return null;
  }
  for (const id in before.live.activities) {
    const activity = before.live.activities[id];
    if (activity === undefined || after.live.activities[id]?.token === activity.token) continue;
    if (inbound.kind === 'result' && inbound.activity !== id) continue;
    const { step, occurrence, direction } = activity;
    const isOfIt = (entry: StepEntry): boolean =>
      entry.name === step && entry.occurrence === occurrence;
    const errorIn = (entry: StepEntry | undefined) =>
      direction === 'compensate' ? entry?.compensation?.error : entry?.error;
    const error = errorIn(after.steps.find(isOfIt));
    if (error === undefined || error === errorIn(before.steps.find(isOfIt))) continue;
    if (error.code === LEFT_BEHIND) continue; // another attempt ended, which left this one
    return { step, error: `${error.code}: ${error.message}` };
  }
  return null;
}

const LEFT_BEHIND = 'left-behind';
