/**
 * How far one turn of a machine may run without an event from outside, and what is said of a
 * machine that runs on: a circle of `always` transitions or raised events would hang the process.
 *
 * The bound is the machine's own `options.maxIterations`, which XState's interpreter knows as well.
 */
import type { AnyStateMachine } from 'xstate';
import { BackstepError } from '../../errors.ts';
import { nodesOf } from '../machine-nodes.ts';
import { statePath } from '../state-path.ts';

/** Least bound of any machine: a small one may go through a long list item by item. */
const LEAST_BOUND = 10_000;

/**
 * Times that one turn may go through every state of a machine. A `repeat` of the builder has at
 * most 1,000 rounds, and a round at most one microstep a state.
 */
const ROUNDS = 1_000;

/** The last steps that are looked at to tell in which circle a machine goes. */
export const LONGEST_TOLD_CIRCLE = 32;

/**
 * The machine with these implementations, and with a bound on its microsteps. A copy, so that a live
 * actor of the caller's machine runs as before; one that brings a bound of its own keeps it.
 *
 * XState's own `provide` goes back to what the config says, and with it to no bound.
 */
export function provided(
  machine: AnyStateMachine,
  implementations: Parameters<AnyStateMachine['provide']>[0],
): AnyStateMachine {
  const copy = machine.provide(implementations);
  if (copy.options.maxIterations === Infinity) {
    copy.options.maxIterations = LEAST_BOUND + ROUNDS * nodesOf(copy).length;
  }
  return copy;
}

/** The bound of a machine; none for one that is no saga's. */
export function microstepBound({ options }: AnyStateMachine): number {
  return options.maxIterations ?? Infinity;
}

/** The error for a machine over its bound. `recent`: the state values it ended up in, in order. */
export function endlessCircle(machine: AnyStateMachine, recent: readonly unknown[]): BackstepError {
  const paths = recent.slice(-LONGEST_TOLD_CIRCLE).map(statePath);
  return new BackstepError(
    'definition-invalid',
    `machine "${machine.id}": more than ${microstepBound(machine)} microsteps in one turn, ` +
      `${circleOf(paths)}; give the circle a guard that ends it, ` +
      'or set options.maxIterations of the machine higher',
  );
}

function circleOf(paths: readonly string[]): string {
  const last = paths.at(-1) ?? '';
  const before = paths.slice(0, -1).lastIndexOf(last);
  const circle = before === -1 ? paths : paths.slice(before);
  const states = circle.map((path) => `"${path}"`);
  if (before === -1) return `the last ones through ${states.join(' → ')}`;
  return circle.length === 2 ? `again and again in ${states[0]}` : `round in ${states.join(' → ')}`;
}
