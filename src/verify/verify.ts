/**
 * `verify`: explores what a saga can do, and shows the shortest way on which it breaks a promise.
 *
 * It takes every state that it reaches through the real core, under every outcome of every live
 * activity and timer and every event and command that is accepted: exhaustive within the bounds and
 * for the values that the answer names. It runs nothing of the saga but its machine: no activity,
 * no clock, no chance. Timers are taken in any order, so that a process that was down does not hide
 * a path.
 */
import type { Examples, SagaDefinition } from '../core/define/definition.ts';
import { SAGA } from '../core/define/definition-kinds.ts';
import { check } from '../core/options-reader.ts';
import { strictly } from '../core/machine/strict-machine.ts';
import { type Bounds, boundsOf } from './bounds.ts';
import type { UsedValue } from './values/examples.ts';
import { examplesFor } from './values/learn.ts';
import { CHANGED_CONTEXT, keepsFirstContext } from './checks/purity.ts';
import { judgeDrawing } from './checks/drawing-checks.ts';
import { explore } from './explore.ts';
import { withoutExample } from './checks/state-checks.ts';
import { sweep } from './values/sweep.ts';
import { type Finding, Findings } from './findings.ts';
import { judgeGraph } from './graph/graph.ts';
import { type NotReached, notReached } from './graph/reach.ts';

/** Most states that are explored unless told otherwise. */
export const MAX_VERIFIED_STATES = 20_000;

/** What to verify with. What is missing is taken from the definition, else made up. */
export interface VerifyOptions extends Examples {
  /** Most states to explore, default 20,000; beyond it the answer is not exhaustive. */
  readonly maxStates?: number;
}

/** What a verification found, and how much it looked at. `backstep verify --json` prints it. */
export interface Verification {
  /** The id of the saga. */
  readonly saga: string;
  readonly version: number;
  readonly hash: string;
  /** False: the bound on states was reached or nothing could be explored; there is more. */
  readonly exhaustive: boolean;
  readonly bounds: Bounds;
  /** The values that it explored with: of others nothing is said. */
  readonly values: readonly UsedValue[];
  /** Errors first. */
  readonly findings: readonly Finding[];
  /** What nothing explored led to, in the order of the drawing; `coverageOf` gives the same. */
  readonly notReached: readonly NotReached[];
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
  const strict = strictly(definition);
  const isFirstKept = keepsFirstContext(strict);
  const examples = examplesFor(strict, options);
  const exploration = yield* explore(strict, examples, maxStates, findings);
  sweep(strict, examples, findings);
  for (const { member, why } of examples.flaws()) findings.add(withoutExample(member, why), []);
  judgeDrawing(strict, findings);
  if (!isFirstKept()) findings.add(CHANGED_CONTEXT, []);
  judgeGraph(strict, exploration, findings);
  return {
    saga: id,
    version,
    hash,
    exhaustive: exploration.isExhaustive && exploration.nodes.length > 0,
    bounds: boundsOf(strict, exploration, maxStates),
    values: examples.used(),
    findings: findings.sorted(),
    notReached: notReached(strict.machine, exploration),
  };
}
