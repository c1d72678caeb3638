/**
 * The journal line of a turn: what came in, where the saga went, and for a note why it stayed.
 */
import type { Inbound, JournalRecord } from '../turn/inbound.ts';
import type { SagaState } from '../state.ts';
import { wayBetween } from '../machine/state-path.ts';

/** What a turn reacts to. */
export interface Occasion {
  readonly inbound: Inbound;
  /** The event the machine sees, by type, or the name of the command. */
  readonly event: string;
  readonly nowMs: number;
  /** See `JournalRecord.note`. */
  readonly note?: string;
}

/** A saga before a turn; before its first one it has no snapshot. */
export type Predecessor = Omit<SagaState, 'snapshot' | 'status' | 'parkReason'> & {
  readonly snapshot: SagaState['snapshot'] | null;
};

/** The line of an inbound that moved nothing. `state` is the one after the note. */
export function noteRecord(
  state: SagaState,
  inbound: Inbound,
  nowMs: number,
  why: string,
): JournalRecord {
  const occasion = { inbound, event: eventNameOf(inbound), nowMs };
  return { ...recordOf(state, state, occasion), kind: 'note', note: why };
}

/** The line of a transition. */
export function recordOf(before: Predecessor, after: SagaState, occasion: Occasion): JournalRecord {
  return {
    sagaSeq: after.seq,
    atMs: occasion.nowMs,
    kind: 'transition',
    cause: occasion.inbound.kind,
    event: occasion.event,
    ...wayBetween(before.snapshot?.value ?? null, after.snapshot.value),
    status: after.status,
    inbound: occasion.inbound,
    ...(occasion.note === undefined ? {} : { note: occasion.note }),
  };
}

function eventNameOf(inbound: Inbound): string {
  switch (inbound.kind) {
    case 'start':
    case 'admit':
    case 'migrate':
    case 'park':
      return inbound.kind;
    case 'event':
    case 'told':
      return inbound.event.type;
    case 'result':
    case 'interrupted':
      return inbound.activity;
    case 'timer':
      return inbound.timer;
    case 'command':
      return inbound.command.name;
    case 'move':
      return inbound.phase;
  }
}
