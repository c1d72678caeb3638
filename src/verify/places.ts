/**
 * Places in the drawing of a machine: the states of a value, and which steps are independent.
 */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import type { InvokeRole } from '../core/machine/machine-roles.ts';
import { lineageOf, nodesOf } from '../core/machine/machine-nodes.ts';
import type { SagaState } from '../core/state.ts';
import { statePath } from '../core/machine/state-path.ts';

/** The state as a quoted path. */
export function placeOf(state: SagaState): string {
  return `"${statePath(state.snapshot.value)}"`;
}

/** Every node that a state value stands in, the root included. */
export function activeNodes(machine: AnyStateMachine, value: unknown): AnyStateNode[] {
  const nodes: AnyStateNode[] = [machine.root];
  const visit = (node: AnyStateNode, inner: unknown): void => {
    const children =
      typeof inner === 'string'
        ? [[inner, {}] as const]
        : Object.entries(inner !== null && typeof inner === 'object' ? inner : {});
    for (const [key, below] of children) {
      const child = node.states[key];
      if (child === undefined) continue;
      nodes.push(child);
      visit(child, below);
    }
  };
  visit(machine.root, value);
  return nodes;
}

/** True when the two steps run in different regions of a parallel state. */
export function areIndependent(
  machine: AnyStateMachine,
  one: string,
  other: string,
  invokes: ReadonlyMap<string, InvokeRole>,
): boolean {
  const ancestorsOf = (step: string): AnyStateNode[][] =>
    nodesOf(machine)
      .filter((node) => node.invoke.some(({ id }) => isForward(invokes.get(id), step)))
      .map(lineageOf);
  const others = ancestorsOf(other);
  const ones = ancestorsOf(one);
  return (
    ones.length > 0 &&
    others.length > 0 &&
    ones.every((line) => others.every((each) => meetInParallel(line, each)))
  );
}

function isForward(role: InvokeRole | undefined, step: string): boolean {
  return role?.step === step && role.direction === 'forward';
}

function meetInParallel(one: readonly AnyStateNode[], other: readonly AnyStateNode[]): boolean {
  const fork = one.findIndex((node, depth) => node !== other[depth]);
  if (fork <= 0 || other[fork] === undefined) return false;
  return one[fork - 1]?.type === 'parallel';
}
