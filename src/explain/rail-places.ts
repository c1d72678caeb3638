/**
 * Where in a machine's drawing the stops of its rail are: the states that call a step, and those that
 * wait.
 */
import type { AnyStateNode } from 'xstate';
import type { SagaDefinition } from '../core/define/definition.ts';
import { lineageOf, nodesOf } from '../core/machine/machine-nodes.ts';

/** Where in the drawing a stop is; `step` null: a wait. */
export interface Place {
  readonly node: AnyStateNode;
  readonly step: string | null;
}

/** Every stop of a saga's way, in the order of the drawing: each step once, and each wait. */
export function placesOf({ machine, invokes }: SagaDefinition): readonly Place[] {
  const places: Place[] = [];
  const known = new Set<string>();
  for (const node of nodesOf(machine)) {
    for (const { id } of node.invoke) {
      const role = invokes.get(id);
      if (role?.direction !== 'forward' || known.has(role.step)) continue;
      known.add(role.step);
      places.push({ node, step: role.step });
    }
    if (isWait(node)) places.push({ node, step: null });
  }
  // Started by an action instead of an invoke: they have no place of their own.
  for (const { step, direction } of invokes.values()) {
    if (direction !== 'forward' || known.has(step)) continue;
    known.add(step);
    places.push({ node: machine.root, step });
  }
  return places;
}

// The outermost one of waits within waits; a state that calls something does not merely wait.
function isWait(node: AnyStateNode): boolean {
  const isTagged = node.tags.includes('waiting');
  return isTagged && node.invoke.length === 0 && !lineageOf(node.parent).some(isWaitTagged);
}

function isWaitTagged(node: AnyStateNode): boolean {
  return node.tags.includes('waiting');
}

/** The parallel states that hold a node, the outermost first. */
export function parallelsAround(node: AnyStateNode): readonly AnyStateNode[] {
  return lineageOf(node.parent).filter(({ type }) => type === 'parallel');
}
