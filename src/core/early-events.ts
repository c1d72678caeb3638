/**
 * Events that came before anybody waited for them: kept, bounded, and taken within the turn that
 * first can, in the order they came.
 */
import type { SagaDefinition } from './definition.ts';
import type { Inbound, Turn } from './inbound.ts';
import { noteRecord } from './journal-record.ts';
import { isReserved, legalEvents } from './legal.ts';
import { type Macrostep, type Self, stepMachine } from './scope.ts';
import { type EarlyEvent, MAX_EARLY_EVENTS, MAX_SEEN_EVENTS, type SagaState } from './state.ts';

/** The turn of an event that the machine cannot take now. */
export function keepOrRefuse(
  { keepsEarly }: SagaDefinition,
  state: SagaState,
  inbound: Extract<Inbound, { kind: 'event' }>,
  nowMs: number,
): Turn {
  const { id, event } = inbound;
  const legal = legalEvents(state);
  if (isReserved(event.type) || !keepsEarly.includes(event.type)) {
    return { kind: 'refused', reason: 'not-accepted', legal };
  }
  if (state.early.length >= MAX_EARLY_EVENTS)
    return { kind: 'refused', reason: 'overloaded', legal };
  const next: SagaState = {
    ...state,
    seq: state.seq + 1,
    seenEvents: rememberEvent(state, id),
    early: [...state.early, { id, event }],
  };
  const why = 'kept until the saga waits for it';
  return { kind: 'noted', state: next, record: noteRecord(next, inbound, nowMs, why) };
}

/** The ids of the last events taken, with this one. */
export function rememberEvent({ seenEvents }: SagaState, id: string): readonly string[] {
  return [...seenEvents, id].slice(-MAX_SEEN_EVENTS);
}

/** A macrostep with the kept events in it that it made room for. */
export interface CaughtUp extends Macrostep {
  /** What still waits; nothing once the machine has ended. */
  readonly early: readonly EarlyEvent[];
  /** For the journal; `null`: none was taken. */
  readonly taken: string | null;
}

/** Takes kept events for as long as the machine accepts one of them. */
export function takeEarly(self: Self, step: Macrostep, kept: readonly EarlyEvent[]): CaughtUp {
  if (kept.length === 0) return { ...step, early: kept, taken: null };
  let { snapshot, commands } = step;
  let early = kept;
  const taken: string[] = [];
  while (early.length > 0 && snapshot.status === 'active') {
    const present = snapshot;
    const next = early.find(({ event }) => present.can(event));
    if (next === undefined) break;
    const further = stepMachine(snapshot, self, next.event);
    snapshot = further.snapshot;
    commands = [...commands, ...further.commands];
    early = early.filter((each) => each !== next);
    taken.push(next.event.type);
  }
  return {
    snapshot,
    commands,
    early: snapshot.status === 'active' ? early : [],
    taken: taken.length === 0 ? null : `took what came early: ${taken.join(', ')}`,
  };
}
