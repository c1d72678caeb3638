/**
 * Which machines can run durably: the checks made once, at definition time. Everything refused
 * here would otherwise be lost, repeated or orphaned at a restart.
 */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { BackstepError } from './errors.ts';

/** Most microsteps in one turn; an `always` cycle fails instead of hanging the process. */
export const MAX_MICROSTEPS = 100;

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

/** From the root to the node. */
function lineageOf(node: AnyStateNode): AnyStateNode[] {
  return node.parent === undefined ? [node] : [...lineageOf(node.parent), node];
}

/** Throws `definition-invalid` with the first thing that cannot run durably. */
export function checkMachine(machine: AnyStateMachine): void {
  if (machine.id === '(machine)') refuse(machine, 'the machine has no id', 'give it one');
  const invokeOwners = new Map<string, string>();
  for (const node of nodesOf(machine)) {
    checkInvokes(machine, node, invokeOwners);
    checkDelays(machine, node);
    checkActions(machine, node);
  }
}

function checkInvokes(
  machine: AnyStateMachine,
  node: AnyStateNode,
  owners: Map<string, string>,
): void {
  for (const invoke of asList(node.config.invoke)) {
    const at = `state "${node.id}"`;
    const { id, src, systemId } = readFields(invoke);
    if (typeof src !== 'string') {
      refuse(machine, `${at} invokes inline logic`, 'name the activity in setup({ actors })');
    }
    if (typeof id !== 'string') {
      refuse(machine, `${at} invokes "${src}" without an id`, 'give the invoke an explicit id');
    }
    if (systemId !== undefined) {
      refuse(machine, `${at} invokes with a systemId`, 'use the id; sagas share no system');
    }
    if (machine.implementations.actors[src] === undefined) {
      refuse(machine, `${at} invokes unknown "${src}"`, 'declare it in setup({ actors })');
    }
    const owner = owners.get(id);
    if (owner !== undefined) {
      refuse(machine, `${at} and "${owner}" both invoke with id "${id}"`, 'make the ids differ');
    }
    owners.set(id, node.id);
  }
}

function checkDelays(machine: AnyStateMachine, node: AnyStateNode): void {
  for (const delay of Object.keys(node.config.after ?? {})) {
    if (!Number.isNaN(Number(delay))) {
      refuse(
        machine,
        `state "${node.id}" has the numeric delay ${delay}, part of an event type`,
        'name it in setup({ delays }), so that a change does not orphan sagas in flight',
      );
    }
    if (machine.implementations.delays[delay] === undefined) {
      refuse(machine, `state "${node.id}" uses unknown delay "${delay}"`, 'add it to delays');
    }
  }
}

/** Actions of XState that reach another actor; a saga has none but its invoked activities. */
const ACTOR_ACTIONS: ReadonlyMap<unknown, string> = new Map([
  ['xstate.spawnChild', 'spawnChild'],
  ['xstate.sendTo', 'sendTo (or sendParent, or forwardTo)'],
]);

function checkActions(machine: AnyStateMachine, node: AnyStateNode): void {
  const transitions = [...node.transitions.values()].flat().concat(node.always ?? []);
  const actions: unknown[] = [
    ...node.entry,
    ...node.exit,
    ...transitions.flatMap((each) => each.actions),
    ...asList(readFields(node.config.initial)['actions']),
  ];
  for (const action of actions) {
    const name = actionName(action);
    const resolved: unknown =
      typeof action === 'function' ? action : machine.implementations.actions[name];
    const actorAction = isBuiltIn(resolved) ? ACTOR_ACTIONS.get(resolved.type) : undefined;
    if (actorAction !== undefined) {
      refuse(
        machine,
        `state "${node.id}" has the action ${actorAction}, which cannot run durably`,
        'invoke the activity in a state instead; sagas cannot send messages to each other yet',
      );
    }
    if (!isBuiltIn(resolved)) {
      refuse(
        machine,
        `state "${node.id}" has the custom action "${name || '(inline)'}"`,
        'put the side effect into an invoked activity',
      );
    }
  }
}

function actionName(action: unknown): string {
  if (typeof action === 'string') return action;
  if (typeof action === 'function') return action.name;
  const { type } = readFields(action);
  return typeof type === 'string' ? type : '';
}

// XState marks its own action creators with a `resolve` function; a custom action has none.
function isBuiltIn(action: unknown): action is { readonly type?: unknown } {
  return typeof action === 'function' && 'resolve' in action;
}

function asList(value: unknown): unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

function readFields(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {};
}

function refuse(machine: AnyStateMachine, what: string, cure: string): never {
  throw new BackstepError('definition-invalid', `machine "${machine.id}": ${what}; ${cure}`);
}
