/**
 * Which transitions a machine takes in a configuration: the first one of each active region whose
 * guard lets it, looked for from the inside out, as XState does it. Whoever witnesses is told.
 */
import type { AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate';
import { evaluateGuard } from 'xstate/guards';
import type { Transition } from './microstep-plan.ts';
import type { Entry } from './microstep-table.ts';
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

function allowedBy(
  event: EventObject,
  { line }: Entry,
  snapshot: AnyMachineSnapshot,
): readonly Transition[] {
  const machine: AnyStateMachine = snapshot.machine;
  if (line === null) return machine.getTransitionData(snapshot, event);
  try {
    for (const { transitions } of line) {
      const chosen = firstAllowed(transitions.get(event.type), event, snapshot);
      if (chosen !== null) return [chosen];
    }
    return NONE;
  } catch {
    return machine.getTransitionData(snapshot, event); // which says whose guard it was
  }
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
