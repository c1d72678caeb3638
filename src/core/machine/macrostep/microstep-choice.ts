/**
 * Which transitions a machine takes in a configuration: the first one of each active region whose
 * guard lets it, looked for from the inside out, as XState does it. A witness is called for each.
 */
import type { AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate';
import { evaluateGuard } from 'xstate/guards';
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
  { tree }: Entry,
  snapshot: AnyMachineSnapshot,
): readonly Transition[] {
  const machine: AnyStateMachine = snapshot.machine;
  if (tree === null) return machine.getTransitionData(snapshot, event);
  try {
    return allowedIn(tree, event, snapshot);
  } catch (thrown) {
    if (thrown === NOT_COVERED) throw thrown;
    return machine.getTransitionData(snapshot, event); // which says whose guard it was
  }
}

// What stands further in goes first, and each region chooses for itself.
function allowedIn(
  { node, inner }: Branch,
  event: EventObject,
  snapshot: AnyMachineSnapshot,
): readonly Transition[] {
  let chosen = NONE;
  // Nearly every state has one in it at most; nothing is made for those.
  const only = inner[0];
  if (inner.length > 1) chosen = inner.flatMap((each) => allowedIn(each, event, snapshot));
  else if (only !== undefined) chosen = allowedIn(only, event, snapshot);
  if (chosen.length > 0) return chosen;
  const own = firstAllowed(node.transitions.get(event.type), event, snapshot);
  return own === null ? NONE : [own];
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
