/**
 * `verify`: proves that a saga compensates, or shows the shortest path on which it does not.
 *
 * It explores every reachable state through the real core, under every outcome of every live
 * activity and timer and every event and command that is accepted. It runs nothing of the saga but
 * its machine: no activity, no clock, no chance. Timers are taken in any order, so that a process
 * that was down does not hide a path.
 */
import type { Examples, SagaDefinition } from '../core/define/definition.ts';
import { SAGA } from '../core/define/definition-kinds.ts';
import { check } from '../core/options-reader.ts';
import { strictly } from '../core/machine/strict-machine.ts';
import { examplesFor } from './learn.ts';
import { explore } from './explore.ts';
import { type Finding, Findings } from './findings.ts';
import { judgeGraph } from './graph.ts';

/** Most states that are explored unless told otherwise. */
export const MAX_VERIFIED_STATES = 20_000;

/** What to verify with. What is missing is taken from the definition, else made up. */
export interface VerifyOptions extends Examples {
  /** Most states to explore, default 20,000; beyond it the answer is not exhaustive. */
  readonly maxStates?: number;
}

/** What a verification found, and how much it looked at. */
export interface Verification {
  readonly definition: { readonly id: string; readonly version: number; readonly hash: string };
  readonly findings: readonly Finding[];
  /** States explored. */
  readonly states: number;
  /** Transitions taken. */
  readonly transitions: number;
  /** False: the bound on states was reached, and what lies beyond is not proved. */
  readonly isExhaustive: boolean;
}

/** Verifies a saga. Never throws for what the saga does; that becomes a finding. */
export function verify(definition: SagaDefinition, options: VerifyOptions = {}): Verification {
  const work = verifyInSteps(definition, options);
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}

/**
 * The same work, one explored state at each `next()`, for a host that must not stand still
 * meanwhile.
 */
export function* verifyInSteps(
  definition: SagaDefinition,
  options: VerifyOptions = {},
): Generator<void, Verification> {
  check(definition, SAGA, 'verify: the saga', 'definition-invalid');
  const { id, version, hash } = definition;
  const maxStates = options.maxStates ?? MAX_VERIFIED_STATES;
  const findings = new Findings();
  const examples = examplesFor(definition, options);
  const strict = strictly(definition);
  const exploration = yield* explore(strict, examples, maxStates, findings);
  judgeGraph(strict, exploration, findings);
  return {
    definition: { id, version, hash },
    findings: findings.sorted(),
    states: exploration.nodes.length,
    transitions: exploration.nodes.reduce((sum, node) => sum + node.edges.length, 0),
    isExhaustive: exploration.isExhaustive,
  };
}
