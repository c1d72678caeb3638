/**
 * Which transitions a machine takes in a configuration: the first one of each active region whose
 * guard lets it, looked for from the inside out, as XState does it. A witness is called for each.
 */
import type { AnyMachineSnapshot, AnyStateMachine, AnyStateNode, EventObject } from 'xstate';
import { evaluateGuard } from 'xstate/guards';
import { lineageOf, nodesOf } from '../machine-nodes.ts';
import type { Transition } from './microstep-plan.ts';
import { NOT_COVERED } from './microstep-self.ts';
import type { Branch, Entry } from './microstep-table.ts';
import { tellTaken } from './transition-witness.ts';

export const NONE: readonly Transition[] = [];

/** The transitions for an event. Throws, like XState, when a guard does. */
export function chosenBy(
  event: EventObject,
  entry: Entry,
  snapshot: AnyMachineSnapshot,
): readonly Transition[] {
  const chosen = allowedBy(event, entry, snapshot);
  tellTaken(chosen);
  return chosen;
}

/**
 * True when the machine would take the event: a transition of it leads somewhere or acts. As
 * `snapshot.can`, which is not called because it keeps every type that it was ever asked for, and
 * types come from outside. Throws as that does.
 */
export function canStep(event: EventObject, entry: Entry, snapshot: AnyMachineSnapshot): boolean {
  return allowedBy(event, entry, snapshot).some(
    ({ target, actions }) => target !== undefined || actions.length > 0,
  );
}

function allowedBy(
  event: EventObject,
  { nodes, tree }: Entry,
  snapshot: AnyMachineSnapshot,
): readonly Transition[] {
  const machine: AnyStateMachine = snapshot.machine;
  if (tree === null) return machine.getTransitionData(snapshot, event);
  const takers = nodes.length < MANY_STATES ? null : takersOf(machine, event.type);
  try {
    return allowedIn(tree, event, snapshot, takers);
  } catch (thrown) {
    if (thrown === NOT_COVERED) throw thrown;
    return machine.getTransitionData(snapshot, event); // which says whose guard it was
  }
}

// What stands further in goes first, and each region chooses for itself. `takers`: see `takersOf`.
function allowedIn(
  { node, inner }: Branch,
  event: EventObject,
  snapshot: AnyMachineSnapshot,
  takers: ReadonlySet<AnyStateNode> | null,
): readonly Transition[] {
  let chosen = NONE;
  for (const branch of inner) {
    if (takers !== null && !takers.has(branch.node)) continue;
    const allowed = allowedIn(branch, event, snapshot, takers);
    if (allowed.length > 0) chosen = chosen.length === 0 ? allowed : [...chosen, ...allowed];
  }
  if (chosen.length > 0) return chosen;
  const own = firstAllowed(node.transitions.get(event.type), event, snapshot);
  return own === null ? NONE : [own];
}

/** In so many active states those are passed over in which nothing could take the event. */
const MANY_STATES = 32;

type Takers = ReadonlyMap<string, ReadonlySet<AnyStateNode>>;

const NOBODY: ReadonlySet<AnyStateNode> = new Set();
const takersByMachine = new WeakMap<AnyStateMachine, Takers>();

/** The states of a machine that have transitions for the event, and those around them. */
function takersOf(machine: AnyStateMachine, type: string): ReadonlySet<AnyStateNode> {
  let takers = takersByMachine.get(machine);
  if (takers === undefined) {
    takers = takersIn(machine);
    takersByMachine.set(machine, takers);
  }
  return takers.get(type) ?? NOBODY;
}

function takersIn(machine: AnyStateMachine): Takers {
  const takers = new Map<string, Set<AnyStateNode>>();
  for (const node of nodesOf(machine)) {
    for (const type of node.transitions.keys()) {
      const known = takers.get(type) ?? new Set();
      takers.set(type, known);
      for (const each of lineageOf(node)) known.add(each);
    }
  }
  return takers;
}

/** The transitions without an event. */
export function chosenEventless(
  event: EventObject,
  { eventless }: Entry,
  snapshot: AnyMachineSnapshot,
): readonly Transition[] {
  const chosen = new Set<Transition>();
  for (const line of eventless) {
    for (const { always } of line) {
      const allowed = firstAllowed(always, event, snapshot);
      if (allowed === null) continue;
      chosen.add(allowed);
      break;
    }
  }
  const all = [...chosen];
  tellTaken(all);
  return all;
}

function firstAllowed(
  candidates: readonly Transition[] | undefined,
  event: EventObject,
  snapshot: AnyMachineSnapshot,
): Transition | null {
  for (const candidate of candidates ?? NONE) {
    const { guard } = candidate;
    if (guard === undefined || evaluateGuard(guard, snapshot.context, event, snapshot)) {
      return candidate;
    }
  }
  return null;
}
