/**
 * The inputs that an exploration does not tell apart, taken along two walks each: all goes well, and
 * all is undone. Where no condition asks for it, an input changes no way; only a mapper can fail
 * for it, such as for a member that may be missing.
 */
import type { SagaDefinition } from '../../core/define/definition.ts';
import { wayStep } from '../graph/exploration.ts';
import type { Findings, WayStep } from '../findings.ts';
import type { Move } from '../moves/move.ts';
import { refusedStart, thrown, throwsOnMadeUp } from '../checks/state-checks.ts';
import { blamedAt } from './blame.ts';
import type { ExampleValues } from './examples.ts';
import { walk } from './walk.ts';

/** Adds what the machine throws for an input other than the first. */
export function sweep(
  definition: SagaDefinition,
  examples: ExampleValues,
  findings: Findings,
): void {
  for (const [index, input] of examples.otherInputs.entries()) {
    const label = `start (example ${examples.inputs.values.length + index + 1})`;
    const successes = follow(definition, examples, { input, label }, Infinity, findings);
    if (successes > 0) follow(definition, examples, { input, label }, successes - 1, findings);
  }
}

/** Gives how many attempts succeeded. */
function follow(
  definition: SagaDefinition,
  examples: ExampleValues,
  { input, label }: { readonly input: unknown; readonly label: string },
  successes: number,
  findings: Findings,
): number {
  const way: WayStep[] = [];
  let present: Move | null = null;
  let count = 0;
  try {
    const strides = walk(definition, examples, input, successes, (move) => (present = move));
    for (const { move, after } of strides) {
      way.push(wayStep(move?.label ?? label, after.snapshot.value, []));
      if (move?.answer?.kind === 'done') count += 1;
    }
  } catch (error) {
    const move = present as Move | null;
    if (move === null) {
      findings.add(refusedStart(error), []);
      return 0;
    }
    const member = blamedAt(definition, examples, move, error);
    const fault =
      member === null ? thrown(move.from, move.label, error) : throwsOnMadeUp(member, error);
    findings.add(fault, [...way, wayStep(move.label, move.from.snapshot.value, [])]);
  }
  return count;
}
