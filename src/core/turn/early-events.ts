/**
 * Events that came before anybody waited for them: kept, bounded, and taken within the turn that
 * first can, in the order they came.
 *
 * Invariant: an event is kept only while a state that can take it is still ahead of the saga. What
 * is kept and cannot be taken any more is let go of, and the journal says so.
 */
import type { AnyStateNode } from 'xstate';
import type { SagaDefinition } from '../define/definition.ts';
import { outsideEvents, takesType } from '../machine/event-types.ts';
import { isAhead, startNodes } from '../machine/events-ahead.ts';
import type { Inbound, Turn } from './inbound.ts';
import { noteRecord } from '../history/journal-record.ts';
import { isReserved, legalEvents } from './legal.ts';
import { activeNodes, canTakeEvent, stepMachine } from '../machine/macrostep/scope.ts';
import type { Macrostep, Self } from '../machine/macrostep/macrostep.ts';
import {
  type EarlyEvent,
  isStill,
  MAX_EARLY_EVENTS,
  MAX_SEEN_EVENTS,
  type SagaState,
} from '../state.ts';
import { isUnstarted, WAITING_ROOM } from './waiting-room.ts';

type Event = Extract<Inbound, { kind: 'event' }>;

/** The turn of an event that the machine cannot take now. */
export function keepOrRefuse(
  definition: SagaDefinition,
  state: SagaState,
  inbound: Event,
  nowMs: number,
): Turn {
  const { type } = inbound.event;
  // A paused or parked saga takes nothing, wherever it stands.
  const legal = isStill(state) ? [] : legalEvents(state);
  const places = placesOf(definition, state);
  const isKept = (each: string): boolean => isAhead(places, each, 'drawing');
  const kept = definition.keepsEarly.filter(isKept);
  if (!kept.includes(type)) return { kind: 'refused', reason: 'not-accepted', legal, kept };
  if (state.early.length >= MAX_EARLY_EVENTS) {
    return { kind: 'refused', reason: 'overloaded', legal, kept };
  }
  return keep(state, inbound, nowMs);
}

/** The turn of an event that is kept. */
export function keep(state: SagaState, inbound: Event, nowMs: number): Turn & { kind: 'noted' } {
  const { id, event } = inbound;
  const next: SagaState = {
    ...state,
    seq: state.seq + 1,
    seenEvents: rememberEvent(state, id),
    early: [...state.early, { id, event }],
  };
  const why = 'kept until the saga waits for it';
  return { kind: 'noted', state: next, record: noteRecord(next, inbound, nowMs, why) };
}

/** True for an event that was accepted before, as far back as a saga remembers. */
export function isKnownEvent({ seenEvents, early }: SagaState, id: string): boolean {
  return seenEvents.includes(id) || early.some((each) => each.id === id);
}

/** The ids of the last events taken, with this one. */
export function rememberEvent({ seenEvents }: SagaState, id: string): readonly string[] {
  return [...seenEvents, id].slice(-MAX_SEEN_EVENTS);
}

/**
 * Why an event is neither taken nor kept:
 *
 * - `reserved`: only the engine uses such types.
 * - `unknown`: no state of the saga takes it, ever.
 * - `over`: some do, but none that the saga is in or can still come to.
 * - `guarded`: the saga is in one that does, but not such an event.
 * - `unkept`: one is still ahead, and the definition does not say that it keeps it until then.
 */
export type Refusal = 'reserved' | 'unknown' | 'over' | 'guarded' | 'unkept';

/** Why the saga, which is not over, refused an event of this type. */
export function whyRefused(definition: SagaDefinition, state: SagaState, type: string): Refusal {
  if (isReserved(type)) return 'reserved';
  const takes = (name: string): boolean => takesType(name, type);
  if (!outsideEvents(definition.machine).some(takes)) return 'unknown';
  if (!isStill(state) && legalEvents(state).some(takes)) return 'guarded';
  return isAhead(placesOf(definition, state), type, 'drawing') ? 'unkept' : 'over';
}

// A saga that has not begun has everything ahead of it, a machine that has ended nothing.
function placesOf({ machine }: SagaDefinition, state: SagaState): readonly AnyStateNode[] {
  if (state.snapshot.status !== 'active') return [];
  return isUnstarted(state) ? startNodes(machine) : activeNodes(state.snapshot);
}

/** A macrostep, and those of the kept events that the machine accepted after it. */
export interface CaughtUp extends Macrostep {
  /** What still waits; nothing once the machine has ended. */
  readonly early: readonly EarlyEvent[];
  /** For the journal: what was taken and what was let go of; `null`: nothing was. */
  readonly taken: string | null;
}

/**
 * Takes kept events for as long as the machine accepts one of them: each is one event to it, as if
 * it came now, so that of two waits for a type, one after the other, each takes one.
 */
export function takeEarly(self: Self, step: Macrostep, kept: readonly EarlyEvent[]): CaughtUp {
  if (kept.length === 0) return { ...step, early: kept, taken: null };
  let { snapshot, commands } = step;
  let early = kept;
  const taken: string[] = [];
  while (early.length > 0 && snapshot.status === 'active') {
    const present = snapshot;
    const next = early.find(({ event }) => canTakeEvent(present, event));
    if (next === undefined) break;
    const further = stepMachine(snapshot, self, next.event);
    snapshot = further.snapshot;
    commands = [...commands, ...further.commands];
    early = early.filter((each) => each !== next);
    taken.push(next.event.type);
  }
  const stays = stillAhead(snapshot, early);
  const left = early.filter((each) => !stays.includes(each)).map(({ event }) => event.type);
  const notes = [
    ...(taken.length === 0 ? [] : [`took what came early: ${taken.join(', ')}`]),
    ...(left.length === 0
      ? []
      : [`nothing waits any more for what came early: ${left.join(', ')}`]),
  ];
  return { snapshot, commands, early: stays, taken: notes.length === 0 ? null : notes.join('; ') };
}

/** The kept events that a state which is still ahead can take. */
function stillAhead(
  snapshot: Macrostep['snapshot'],
  early: readonly EarlyEvent[],
): readonly EarlyEvent[] {
  if (snapshot.status !== 'active') return [];
  if (snapshot.machine === WAITING_ROOM) return early;
  const places = activeNodes(snapshot);
  return early.filter(({ event }) => isAhead(places, event.type, 'command'));
}
