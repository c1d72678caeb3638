/**
 * What an exploration did not reach of the drawing: the states that were never entered, and the
 * transitions that were never taken. The only place that answers this: `verify` and `coverageOf` of
 * the test kit both ask here.
 */
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';
import {
  initialsOf,
  lineageOf,
  nodesOf,
  readFields,
  transitionsOf,
} from '../../core/machine/machine-nodes.ts';
import { activeNodes } from '../places.ts';

/** Something in the drawing that nothing explored led to. */
export interface NotReached {
  readonly kind: 'state' | 'transition';
  /** The id of a state; of a transition its state, its event and where it leads. */
  readonly name: string;
}

/** What the judgement on reach needs of an exploration. */
export interface Reached {
  readonly nodes: readonly { readonly value: unknown }[];
  readonly taken: ReadonlySet<object>;
}

/** Every transition of a drawing with its name, eventless ones among them. */
export function drawnTransitions(machine: AnyStateMachine): ReadonlyMap<object, string> {
  return new Map(
    nodesOf(machine).flatMap((node) => transitionsOf(node).map((each) => [each, nameOf(each)])),
  );
}

/** What was not reached, in the order of the drawing. */
export function notReached(machine: AnyStateMachine, reached: Reached): readonly NotReached[] {
  const entered = enteredStates(machine, reached);
  const states = nodesOf(machine)
    .filter((node) => node.type !== 'history' && !entered.has(node))
    .map(({ id }) => ({ kind: 'state', name: id }) as const);
  const transitions = [...drawnTransitions(machine)]
    .filter(([each]) => !reached.taken.has(each))
    .map(([, name]) => ({ kind: 'transition', name }) as const);
  return [...states, ...transitions];
}

/** The states that were entered, also those that were left within the same turn. */
export function enteredStates(
  machine: AnyStateMachine,
  { nodes, taken }: Reached,
): ReadonlySet<AnyStateNode> {
  const entered = new Set<AnyStateNode>();
  const enter = (node: AnyStateNode): void => {
    for (const each of lineageOf(node)) entered.add(each);
  };
  for (const { value } of nodes) for (const node of activeNodes(machine, value)) enter(node);
  for (const transition of taken) {
    for (const target of (transition as AnyTransitionDefinition).target ?? []) {
      for (const node of [target, ...initialsOf(target)]) enter(node);
    }
  }
  // What the start passes through is in no snapshot either.
  if (nodes.length > 0) for (const node of initialsOf(machine.root)) enter(node);
  return entered;
}

/** Where a transition leads: `<id> → <id>` for each of its targets. */
export function targetsInWords(transition: object): readonly string[] {
  const { source, target = [] } = transition as AnyTransitionDefinition;
  return target.map(({ id }) => `${source.id} → ${id}`);
}

function nameOf({ source, eventType, guard, target = [] }: AnyTransitionDefinition): string {
  const event = String(eventType) === '' ? 'always' : `on ${eventType}`;
  const { type } = readFields(guard);
  const condition = typeof guard === 'string' ? guard : typeof type === 'string' ? type : null;
  const to = target.map(({ id }) => id).join(', ');
  const rest = `${condition === null ? '' : ` if ${condition}`}${to === '' ? '' : ` → ${to}`}`;
  return `${source.id} ${event}${rest}`;
}
