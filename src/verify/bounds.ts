/**
 * The bounds within which an exploration is exhaustive: the number of states, and which of them it
 * counts as one: attempts, rounds and repeats that are alike.
 */
import type { SagaDefinition } from '../core/define/definition.ts';
import { attemptBudgets } from '../core/machine/attempt-budgets.ts';
import { nodesOf, readFields } from '../core/machine/machine-nodes.ts';
import { COUNTED_OUT } from './budgets.ts';
import type { Exploration } from './graph/exploration.ts';
import { MAX_RUNS_TOLD_APART } from './identity.ts';

export interface Bounds {
  /** Most states that were to be explored. */
  readonly maxStates: number;
  /** States explored. */
  readonly states: number;
  /** Turns taken from them. */
  readonly transitions: number;
  /**
   * Retry budgets of a built saga. `each`: every attempt was taken. `first and last`: the attempts
   * in between are alike and count as the first one.
   */
  readonly budgets: readonly {
    readonly activity: string;
    readonly attempts: number;
    readonly explored: 'each' | 'first and last';
  }[];
  /** Loops of a built saga, with the rounds that their saga allows; each was taken. */
  readonly loops: readonly { readonly loop: string; readonly atMost: number }[];
  /** Runs of one step that are told apart where a hand-written machine repeats it. */
  readonly runsOfAStep: number;
}

export function boundsOf(
  { machine, isBuilt }: SagaDefinition,
  { nodes }: Exploration,
  maxStates: number,
): Bounds {
  const known = isBuilt ? attemptBudgets(machine) : [];
  const budgets = [...known].map(([activity, attempts]) => {
    const explored = attempts <= COUNTED_OUT ? ('each' as const) : ('first and last' as const);
    return { activity, attempts, explored };
  });
  const loops = new Map<string, number>();
  for (const { always = [] } of nodesOf(machine)) {
    for (const { guard } of always) {
      const { loop, atMost } = readFields(readFields(guard)['params']);
      if (typeof loop === 'string' && typeof atMost === 'number') loops.set(loop, atMost);
    }
  }
  return {
    maxStates,
    states: nodes.length,
    transitions: nodes.reduce((sum, { edges }) => sum + edges.length, 0),
    budgets,
    loops: [...loops].map(([loop, atMost]) => ({ loop, atMost })),
    runsOfAStep: MAX_RUNS_TOLD_APART,
  };
}
