/**
 * A machine of XState 5 as a config that XState 4 can read: same states, same ids, its names for
 * the events that the library itself sends. For looking at, not for running: actions and guards
 * are names only.
 */
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';
import { delayOfAfter } from '../../core/machine/timer-ids.ts';

/** A converted machine. */
export interface Version4Machine {
  /** Fit for JSON. */
  readonly config: object;
  /** The name under which version 4 knows an event of version 5. */
  eventName(type: string): string;
}

/** Converts the drawing; pure. */
export function machineOfVersion4(machine: AnyStateMachine): Version4Machine {
  const names = new Map<string, string>();
  const eventName = (type: string): string => names.get(type) ?? plainName(type);

  function learnNames(node: AnyStateNode): void {
    for (const type of node.transitions.keys()) {
      const delay = delayOfAfter(type, node.id);
      if (delay !== null) names.set(type, `xstate.after(${delay})#${node.id}`);
    }
    for (const child of Object.values(node.states)) learnNames(child);
  }

  function configOf(node: AnyStateNode): object {
    const { type, history, initial, states, transitions, always, tags } = node;
    const [first] = initial.target ?? [];
    const hasStates = Object.keys(states).length > 0;
    return {
      id: node.id,
      ...(type === 'parallel' || type === 'final' || type === 'history' ? { type } : {}),
      ...(type === 'history' && history !== false ? { history } : {}),
      ...(type === 'compound' && first !== undefined ? { initial: first.key } : {}),
      ...(hasStates
        ? {
            states: Object.fromEntries(
              Object.entries(states).map(([key, child]) => [key, configOf(child)]),
            ),
          }
        : {}),
      on: Object.fromEntries(
        [...transitions].map(([event, list]) => [eventName(event), list.map(transitionOf)]),
      ),
      ...(always === undefined ? {} : { always: always.map(transitionOf) }),
      entry: namesOf(node.entry),
      exit: namesOf(node.exit),
      invoke: node.invoke.map(({ id, src }) => ({ id, src: nameOf(src) })),
      tags,
      ...(node.description === undefined ? {} : { description: node.description }),
    };
  }

  learnNames(machine.root);
  return { config: configOf(machine.root), eventName };
}

const PREFIXES: readonly (readonly [string, string])[] = [
  ['xstate.done.actor.', 'done.invoke.'],
  ['xstate.error.actor.', 'error.platform.'],
  ['xstate.done.state.', 'done.state.'],
];

function plainName(type: string): string {
  for (const [prefix, before] of PREFIXES) {
    if (type.startsWith(prefix)) return before + type.slice(prefix.length);
  }
  return type;
}

function transitionOf({ target, guard, actions, reenter }: AnyTransitionDefinition): object {
  return {
    ...(target === undefined ? {} : { target: target.map(({ id }) => `#${id}`) }),
    ...(guard === undefined ? {} : { cond: nameOf(guard) }),
    actions: namesOf(actions),
    internal: !reenter,
  };
}

/** XState's own actions (raise, cancel) belong to the timers and are no actions of the author. */
function namesOf(actions: readonly unknown[]): readonly string[] {
  return actions.map(nameOf).filter((name) => name !== '' && !name.startsWith('xstate.'));
}

function nameOf(named: unknown): string {
  if (typeof named === 'string') return named;
  if (typeof named === 'function') return isBuiltIn(named) ? '' : named.name || 'inline';
  const type: unknown =
    named !== null && typeof named === 'object' ? Reflect.get(named, 'type') : '';
  return typeof type === 'string' ? type : 'inline';
}

/** XState marks its own actions with a `resolve` member. */
function isBuiltIn(action: object): boolean {
  return 'resolve' in action;
}
