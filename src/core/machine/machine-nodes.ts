/**
 * Reading a machine's drawing: its state nodes, where they stand to each other, and the actions on
 * them. Judges nothing; see `machine-check.ts`.
 */
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';

/** Every state node, parents before children, in document order. */
export function nodesOf(machine: AnyStateMachine): AnyStateNode[] {
  const nodes: AnyStateNode[] = [];
  const visit = (node: AnyStateNode): void => {
    nodes.push(node);
    for (const child of Object.values(node.states)) visit(child);
  };
  visit(machine.root);
  return nodes;
}

/** True when a saga can be in both at once: one holds the other, or they fork at a parallel state. */
export function canBeActiveTogether(one: AnyStateNode, other: AnyStateNode): boolean {
  const others = lineageOf(other);
  const fork = lineageOf(one).findIndex((node, depth) => node !== others[depth]);
  if (fork === -1 || others[fork] === undefined) return true;
  return others[fork - 1]?.type === 'parallel';
}

/** From the root to the node; empty without one. */
export function lineageOf(node: AnyStateNode | undefined): AnyStateNode[] {
  return node === undefined ? [] : [...lineageOf(node.parent), node];
}

/** True when the node lies inside the other one, at any depth; a node is not inside itself. */
export function isDescendant(node: AnyStateNode, ancestor: AnyStateNode): boolean {
  for (let at = node.parent; at !== undefined; at = at.parent) if (at === ancestor) return true;
  return false;
}

/** The transitions that lead out of a node, the eventless ones last. */
export function transitionsOf(node: AnyStateNode): readonly AnyTransitionDefinition[] {
  return [...[...node.transitions.values()].flat(), ...(node.always ?? [])];
}

/** What is entered by itself within a node that is entered. */
export function initialsOf(node: AnyStateNode): AnyStateNode[] {
  const first =
    node.type === 'parallel' ? Object.values(node.states) : (node.initial?.target ?? []);
  return first.flatMap((child) => [child, ...initialsOf(child)]);
}

/**
 * Every node that a saga in the given ones can come to, they included: guards aside, so rather too
 * many than too few.
 */
export function reachableFrom(nodes: readonly AnyStateNode[]): ReadonlySet<AnyStateNode> {
  const reached = new Set(nodes);
  for (const node of reached) {
    for (const target of transitionsOf(node).flatMap((transition) => transition.target ?? [])) {
      // A history state leads back to any of its neighbours.
      const entered = target.type === 'history' ? withinOf(target.parent) : [target];
      for (const each of entered) {
        for (const one of [...lineageOf(each), ...initialsOf(each)]) reached.add(one);
      }
    }
  }
  return reached;
}

function withinOf(node: AnyStateNode | undefined): AnyStateNode[] {
  const children = Object.values(node?.states ?? {});
  return children.flatMap((child) => [child, ...withinOf(child)]);
}

/** An action of a state, by name where it has one, and what it is once looked up. */
export interface NodeAction {
  readonly name: string;
  readonly resolved: unknown;
}

/** Every action that entering, leaving or a transition of the node runs. */
export function actionsOf(machine: AnyStateMachine, node: AnyStateNode): NodeAction[] {
  const actions: unknown[] = [
    ...node.entry,
    ...node.exit,
    ...transitionsOf(node).flatMap((each): readonly unknown[] => each.actions),
    ...asList(readFields(node.config.initial)['actions']),
  ];
  return actions.map((action) => {
    const name = actionName(action);
    const resolved: unknown =
      typeof action === 'function' ? action : machine.implementations.actions[name];
    return { name, resolved };
  });
}

/** Actors that an action of the node starts by name, as `spawnChild` does. */
export function spawnsOf(
  node: AnyStateNode,
  machine: AnyStateMachine,
): readonly { readonly id: string; readonly src: string }[] {
  return actionsOf(machine, node).flatMap(({ resolved }) => {
    if (!isBuiltIn(resolved) || resolved.type !== 'xstate.spawnChild') return [];
    const { id, src } = readFields(resolved);
    return typeof id === 'string' && typeof src === 'string' ? [{ id, src }] : [];
  });
}

/** XState marks its own action creators with a `resolve` function; a custom action has none. */
export function isBuiltIn(action: unknown): action is { readonly type?: unknown } {
  return typeof action === 'function' && 'resolve' in action;
}

export function asList(value: unknown): unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

/** The members of an object or function; none of anything else. */
export function readFields(value: unknown): Record<string, unknown> {
  const hasMembers = (value !== null && typeof value === 'object') || typeof value === 'function';
  return hasMembers ? (value as unknown as Record<string, unknown>) : {};
}

function actionName(action: unknown): string {
  if (typeof action === 'string') return action;
  if (typeof action === 'function') return action.name;
  const { type } = readFields(action);
  return typeof type === 'string' ? type : '';
}

/** True for a function that is written as `async`; another one may give a promise as well. */
export function isAsync(value: unknown): boolean {
  return typeof value === 'function' && value.constructor.name === 'AsyncFunction';
}
