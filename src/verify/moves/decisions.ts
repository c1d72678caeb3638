/**
 * What a person's word settles: doubts, and what was given up. Told from the world alone, like all
 * of it, so that a ledger which says otherwise is caught.
 */
import type { SagaStatus } from '../../core/status.ts';
import { isOwed, type Run, type World } from '../world.ts';

/**
 * What a person says: how everything in doubt came out; that the pivot never happened; that one
 * thing, or all that is left, is given up.
 */
export type Decision = 'vouch' | 'never-happened' | 'skip' | 'accept-partial';

/** Where the saga stood, as far as it matters to a decision. */
export interface Standing {
  readonly status: SagaStatus;
  /** The one step that the person named; `null`: none. */
  readonly named: string | null;
  /** True for a step that, or whose compensation, waits for its next attempt. */
  readonly isRetrying: (step: string, direction: 'forward' | 'compensate') => boolean;
  /** True for a pivot or a retriable step. */
  readonly isForwardOnly: (step: string) => boolean;
}

/** The world once the person has decided. */
export function decide(world: World, decision: Decision, standing: Standing): World {
  const { status, isForwardOnly } = standing;
  switch (decision) {
    case 'vouch':
      return change(world, isInDoubt, { forward: 'vouched' });
    case 'never-happened': {
      const isMeant = (run: Run): boolean => isInDoubt(run) && isForwardOnly(run.step);
      return change(world, isMeant, { forward: 'failed', isDoubtful: false });
    }
    case 'skip':
      return skip(world, standing);
    case 'accept-partial':
      if (status === 'compensation_failed') return change(world, isLeft, { undo: 'skipped' });
      return status === 'failed' ? change(world, isUndecided, { forward: 'skipped' }) : world;
  }
}

function skip(world: World, { status, named, isRetrying }: Standing): World {
  if (status !== 'compensation_failed' && status !== 'failed') return world;
  const runs = world.runs.filter(({ step }) => named === null || step === named);
  const backward = runs.findLast(
    ({ undo, step }) => undo === 'failed' && !isRetrying(step, 'compensate'),
  );
  if (backward !== undefined) return change(world, (run) => run === backward, { undo: 'skipped' });
  // A step that waits for its next attempt is not given up by a decision about another step.
  const forward = runs.findLast((run) => isUndecided(run) && !isRetrying(run.step, 'forward'));
  return change(world, (run) => run === forward, { forward: 'skipped' });
}

// A step that failed for certain owes nothing, but a compensation of it that failed is given up too.
function isLeft(run: Run): boolean {
  return isOwed(run) || run.undo === 'failed' || run.undo === 'running';
}

function isInDoubt({ forward }: Run): boolean {
  return forward === 'in-doubt';
}

function isUndecided({ forward, undo }: Run): boolean {
  return undo === 'none' && (forward === 'failed' || forward === 'in-doubt');
}

function change(world: World, isMeant: (run: Run) => boolean, to: Partial<Run>): World {
  if (!world.runs.some(isMeant)) return world;
  const runs = world.runs.map((run) => (isMeant(run) ? { ...run, ...to } : run));
  return { runs, attempts: world.attempts };
}
