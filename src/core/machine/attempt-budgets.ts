/**
 * How often a machine tries an activity, read off its drawing: the guard between a failed attempt
 * and the next one, where it counts in a parameter named `attempts`.
 *
 * Says nothing where a hand-written machine counts in another way.
 */
import type { AnyStateMachine } from 'xstate';
import { nodesOf, readFields } from './machine-nodes.ts';

/** The most attempts of each invoke of which that can be told, by invoke id. */
export function attemptBudgets(machine: AnyStateMachine): ReadonlyMap<string, number> {
  const known = read.get(machine) ?? budgetsIn(machine);
  read.set(machine, known);
  return known;
}

const read = new WeakMap<AnyStateMachine, ReadonlyMap<string, number>>();

function budgetsIn(machine: AnyStateMachine): ReadonlyMap<string, number> {
  const budgets = new Map<string, number>();
  for (const node of nodesOf(machine)) {
    for (const { id } of node.invoke) {
      const failed = node.transitions.get(`xstate.error.actor.${id}`) ?? [];
      for (const { guard } of failed) {
        const { attempts } = readFields(readFields(guard)['params']);
        if (typeof attempts === 'number') budgets.set(id, attempts);
      }
    }
  }
  return budgets;
}
