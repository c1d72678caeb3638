/**
 * Messages that leave a saga with a turn, in the form the outbox keeps: events for subscribers, and
 * events for another saga.
 */
import type { EventObject } from 'xstate';
import type { Effect } from '../core/inbound.ts';
import type { OutboxRow } from '../store/commit.ts';

/** The outbox's event name of a message to another saga; no machine can emit it. */
const SEND = 'backstep.send';

/** An event on its way to another saga. */
export interface SentEvent {
  readonly to: string;
  readonly event: EventObject;
}

/** The row of a message. */
export function outboxRow(effect: Extract<Effect, { kind: 'emit' | 'send' }>): OutboxRow {
  const { index, event } = effect;
  if (effect.kind === 'emit') return { index, event: event.type, data: JSON.stringify(event) };
  const sent: SentEvent = { to: effect.to, event };
  return { index, event: SEND, data: JSON.stringify(sent) };
}

/** The sent event in a message; `null` for one that subscribers get. */
export function sentEventOf(message: Omit<OutboxRow, 'index'>): SentEvent | null {
  return message.event === SEND ? (JSON.parse(message.data) as SentEvent) : null;
}
