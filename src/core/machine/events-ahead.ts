/**
 * Which events a saga can still come to wait for: told from its drawing, by where it stands.
 *
 * From the states a saga is in, every transition is followed, whatever its guard says: results,
 * delays, eventless ones, ends of inner states, events. An operator's command is followed only where
 * the drawing leaves the saga to a person: in a state tagged `failed`, or one in which nothing
 * happens by itself. Anywhere else somebody would have to interfere first, and an event that was
 * kept for that would be answered as accepted and wait for a decision that nobody has taken. Nor is
 * one followed out of a state tagged `compensating` or `compensation_failed`: who turns such a saga
 * forward again asks again for what it then waits for. What was kept before is let go of only where
 * no command could lead to it either.
 *
 * Pure but for what it remembers of each state, found when first asked for. Invariant: it errs
 * towards "ahead", because guards are not asked.
 */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { isWildcard, takesType } from './event-types.ts';
import { isReserved } from '../turn/legal.ts';
import { lineageOf } from './machine-nodes.ts';
import { domainOf, type Transition } from './macrostep/microstep-plan.ts';
import { isAfter } from './timer-ids.ts';

/** Whose word counts: `drawing` alone, or what any `command` of an operator could bring as well. */
export type Way = 'drawing' | 'command';

const COMMAND = 'backstep.';

/** What can be waited for from a state on, itself included. */
interface Ahead {
  readonly types: ReadonlySet<string>;
  /** Names that take many types. */
  readonly wildcards: readonly string[];
}

/** A state by itself. */
interface Place {
  readonly types: readonly string[];
  /** The states that its transitions can enter. */
  readonly next: ReadonlySet<AnyStateNode>;
}

interface Known {
  readonly ahead: WeakMap<AnyStateNode, Ahead>;
  readonly places: WeakMap<AnyStateNode, Place>;
}

const known: Readonly<Record<Way, Known>> = {
  drawing: { ahead: new WeakMap(), places: new WeakMap() },
  command: { ahead: new WeakMap(), places: new WeakMap() },
};

/** True when a saga in these states is in one that can take the event, or can come to one. */
export function isAhead(nodes: readonly AnyStateNode[], type: string, way: Way): boolean {
  return nodes.some((node) => {
    const { types, wildcards } = aheadOf(node, way);
    return types.has(type) || wildcards.some((name) => takesType(name, type));
  });
}

/** The states that a machine starts in. */
export function startNodes({ root }: AnyStateMachine): readonly AnyStateNode[] {
  const entered = new Set<AnyStateNode>();
  enter(root, entered);
  return [...entered];
}

function aheadOf(start: AnyStateNode, way: Way): Ahead {
  const remembered = known[way].ahead.get(start);
  if (remembered !== undefined) return remembered;
  const types = new Set<string>();
  // A set goes on with what is added on the way.
  const reached = new Set([start]);
  for (const node of reached) {
    const place = placeOf(node, way);
    for (const type of place.types) types.add(type);
    for (const next of place.next) reached.add(next);
  }
  const ahead = { types, wildcards: [...types].filter(isWildcard) };
  known[way].ahead.set(start, ahead);
  return ahead;
}

function placeOf(node: AnyStateNode, way: Way): Place {
  const remembered = known[way].places.get(node);
  if (remembered !== undefined) return remembered;
  const next = new Set<AnyStateNode>();
  for (const transition of followedFrom(node, way)) addEntered(transition, next);
  const types = node.ownEvents.map(String).filter((type) => !isReserved(type));
  const place = { types, next };
  known[way].places.set(node, place);
  return place;
}

function followedFrom(node: AnyStateNode, way: Way): readonly Transition[] {
  const takesCommands = way === 'command' || isLeftToPerson(node);
  const followed = [...(node.always ?? [])];
  for (const [type, transitions] of node.transitions) {
    if (takesCommands || !type.startsWith(COMMAND)) followed.push(...transitions);
  }
  return followed;
}

function isLeftToPerson(node: AnyStateNode): boolean {
  const tags = new Set(lineageOf(node).flatMap((each) => each.tags));
  if (tags.has('compensating') || tags.has('compensation_failed')) return false;
  return tags.has('failed') || isIdle(node);
}

function isIdle({ type, invoke, always, transitions }: AnyStateNode): boolean {
  if (type !== 'atomic' || invoke.length > 0 || always !== undefined) return false;
  return ![...transitions.keys()].some((each) => isAfter(each));
}

function addEntered({ source, target = [], reenter }: Transition, into: Set<AnyStateNode>): void {
  if (target.length === 0) return;
  const domain = domainOf(source, reenter, target);
  for (const each of target) enterBelow(domain, each, into);
}

// The state, what it starts with, and what is entered on the way to it.
function enterBelow(
  domain: AnyStateNode | null,
  target: AnyStateNode,
  into: Set<AnyStateNode>,
): void {
  const history = target.type === 'history' ? target.parent : undefined;
  if (history === undefined) enter(target, into);
  else addAllBelow(history, into);
  for (let at = target; at.parent !== undefined && at !== domain; at = at.parent) {
    into.add(at);
    if (at.parent.type !== 'parallel') continue;
    for (const region of Object.values(at.parent.states)) if (region !== at) enter(region, into);
  }
}

function enter(node: AnyStateNode, into: Set<AnyStateNode>): void {
  into.add(node);
  if (node.type === 'parallel') {
    for (const region of Object.values(node.states)) enter(region, into);
  }
  if (node.type !== 'compound') return;
  for (const initial of node.initial.target ?? []) enterBelow(node, initial, into);
}

// Where history leads depends on what was; any state of it is possible.
function addAllBelow(node: AnyStateNode, into: Set<AnyStateNode>): void {
  for (const child of Object.values(node.states)) {
    into.add(child);
    addAllBelow(child, into);
  }
}
