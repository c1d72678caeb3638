/**
 * Giving up by decision: what a person skips stays in the ledger as skipped, with who and why.
 */
import { isOwed } from './ledger.ts';
import type { StepEntry } from './state.ts';

/** Who decided, and why. */
export interface Decision {
  readonly by: string | null;
  readonly reason: string | null;
}

/**
 * The ledger once a person gave something up: `owed`, every compensation that is still owed;
 * `failed`, the compensation or else the step that failed for good last (of the step that was
 * named, if one was).
 */
export function skipEntries(
  steps: readonly StepEntry[],
  which: 'owed' | 'failed',
  step: string | undefined,
  decision: Decision,
): readonly StepEntry[] {
  const given = which === 'owed' ? null : lastFailed(steps, step);
  return steps.map((entry) => {
    const isMeant = which === 'owed' ? isOwed(entry) : entry === given;
    if (!isMeant) return entry;
    const { nextAttemptAtMs: _, ...known } = entry;
    return { ...known, status: 'skipped', skip: decision };
  });
}

function lastFailed(steps: readonly StepEntry[], step: string | undefined): StepEntry | undefined {
  const candidates = steps.filter((entry) => step === undefined || entry.name === step);
  return (
    candidates.findLast(({ status }) => status === 'compensation_failed') ??
    candidates.findLast(({ status }) => status === 'failed' || status === 'in_doubt')
  );
}
