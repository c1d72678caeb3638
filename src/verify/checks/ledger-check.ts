/**
 * The ledger of a saga against what happened: a difference is a defect of Backstep itself.
 */
import type { SagaState, StepEntry } from '../../core/state.ts';
import type { StepStatus } from '../../core/status.ts';
import type { Fault } from '../findings.ts';
import type { Run, World } from '../world.ts';

/** What can be done about a defect of Backstep. */
export const REPORT_CURE = 'this is a defect of Backstep, please report it with this way';

/** The first entry that says something else than what happened. */
export function judgeLedger({ runs }: World, { steps }: SagaState): Fault[] {
  const length = Math.max(runs.length, steps.length);
  for (let index = 0; index < length; index++) {
    const run = runs[index];
    const entry = steps[index];
    const truth =
      run === undefined
        ? 'never started'
        : `${run.step}, ${wordsFor(run).join(' or ')}${run.isDoubtful ? ', may have happened' : ''}`;
    const record = entry === undefined ? 'nothing' : `${entry.name}, ${entry.status}`;
    if (run !== undefined && entry !== undefined && isSame(run, entry)) continue;
    const subject = run?.step ?? entry?.name ?? '';
    const what = `the ledger says of step ${index + 1}: ${record}; it should say: ${truth}`;
    const about = { subject, where: `step "${subject}"`, what };
    return [{ code: 'engine-defect', severity: 'error', ...about, cure: REPORT_CURE }];
  }
  return [];
}

function isSame(run: Run, entry: StepEntry): boolean {
  if (run.step !== entry.name || !wordsFor(run).includes(entry.status)) return false;
  if (run.forward === 'done' || run.forward === 'vouched') return true;
  return run.isDoubtful === (entry.mayHaveHappened === true);
}

function wordsFor({ forward, undo }: Run): readonly StepStatus[] {
  switch (undo) {
    case 'done':
      return ['compensated'];
    case 'skipped':
      return ['skipped'];
    case 'running':
      return ['compensating'];
    case 'failed':
      // While a retry delay runs it is compensating still.
      return ['compensation_failed', 'compensating'];
    case 'none':
      return forwardWords(forward);
  }
}

function forwardWords(forward: Run['forward']): readonly StepStatus[] {
  switch (forward) {
    case 'running':
      return ['running'];
    case 'done':
      return ['completed'];
    case 'failed':
      return ['failed', 'retrying'];
    case 'in-doubt':
    case 'vouched':
      return ['in_doubt', 'retrying'];
    case 'skipped':
      return ['skipped'];
  }
}
