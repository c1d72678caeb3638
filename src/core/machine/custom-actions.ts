/**
 * The custom actions of a machine, by names that a restart finds again: their own, or for one that
 * is written into the drawing the place where it stands.
 *
 * Must never run one.
 */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { asList, isBuiltIn, nodesOf, readFields } from './machine-nodes.ts';

/** Custom actions by name; `undefined`: not implemented, so that XState runs nothing for it. */
export type CustomActions = ReadonlyMap<string, unknown>;

const known = new WeakMap<AnyStateMachine, CustomActions>();

/** Every custom action of the machine. */
export function customActionsOf(machine: AnyStateMachine): CustomActions {
  let actions = known.get(machine);
  if (actions === undefined) {
    actions = new Map([...namedIn(machine), ...nodesOf(machine).flatMap(inlineIn)]);
    known.set(machine, actions);
  }
  return actions;
}

/** The name of a custom action that a step asks for; `null`: one that the drawing does not show. */
export function nameOfAction(machine: AnyStateMachine, type: string, exec: unknown): string | null {
  const actions = customActionsOf(machine);
  const isByName = exec === undefined || readFields(machine.implementations.actions)[type] === exec;
  if (isByName) return type;
  for (const [name, action] of actions) if (action === exec) return name;
  return null;
}

/** Names of actions that a state asks for and that have no implementation. */
export function unwrittenActions(machine: AnyStateMachine): readonly string[] {
  const names = [...customActionsOf(machine)].filter(([, action]) => action === undefined);
  return names.map(([name]) => name);
}

function namedIn(machine: AnyStateMachine): [string, unknown][] {
  const written = Object.entries<unknown>(machine.implementations.actions);
  const asked = nodesOf(machine).flatMap((node) =>
    placesIn(node).flatMap(({ actions }) => actions.map(nameIn)),
  );
  const unwritten = asked.filter(
    (name) => name !== null && !written.some(([each]) => each === name),
  );
  return [
    ...written.filter(([, action]) => !isBuiltIn(action)),
    ...unwritten.map((name): [string, unknown] => [name ?? '', undefined]),
  ];
}

function nameIn(action: unknown): string | null {
  if (typeof action === 'string') return action;
  const { type } = readFields(action);
  return typeof action !== 'function' && typeof type === 'string' ? type : null;
}

function inlineIn(node: AnyStateNode): [string, unknown][] {
  return placesIn(node).flatMap(({ place, actions }) =>
    actions.flatMap((action, index): [string, unknown][] =>
      typeof action === 'function' && !isBuiltIn(action)
        ? [[`${place} of ${node.id}, action ${index + 1}`, action]]
        : [],
    ),
  );
}

interface Place {
  readonly place: string;
  readonly actions: readonly unknown[];
}

function placesIn(node: AnyStateNode): readonly Place[] {
  const { entry, exit, transitions, always = [] } = node;
  const on = [...transitions].flatMap(([type, list]) =>
    list.map(({ actions }, index) => ({ place: `"${type}" ${index + 1}`, actions })),
  );
  const eventless = always.map(({ actions }, index) => ({ place: `always ${index + 1}`, actions }));
  const initial = asList(readFields(node.config.initial)['actions']);
  return [
    { place: 'entry', actions: entry },
    { place: 'exit', actions: exit },
    { place: 'initial', actions: initial },
    ...on,
    ...eventless,
  ];
}
