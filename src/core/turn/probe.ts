/** What a probe says of a step in doubt, read with care: an activity may answer anything. */
import type { ProbeAnswer } from '../activity.ts';

/** The answer's kind; `unknown` for what is no answer. */
export function probeAnswerOf(output: unknown): ProbeAnswer<unknown>['kind'] {
  if (output === null || typeof output !== 'object' || !('kind' in output)) return 'unknown';
  return output.kind === 'happened' || output.kind === 'never' ? output.kind : 'unknown';
}
