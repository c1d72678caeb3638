/**
 * Messages that leave a saga with a turn, in the form the outbox keeps: events for subscribers,
 * events for another saga, the order to end child sagas that the saga has left, and a child's
 * question whether its parent left it while it stood still.
 */
import type { EventObject } from 'xstate';
import type { Effect } from '../../core/turn/inbound.ts';
import { MESSAGES_PER_TURN } from '../../core/turn/messages-per-turn.ts';
import type { ParentLink } from '../../core/turn/parent-link.ts';
import { isOver, isStill, type SagaState } from '../../core/state.ts';
import type { OutboxRow } from '../../store/commit.ts';

/** The outbox's event names of messages between sagas; no machine can emit them. */
const SEND = 'backstep.send';
const END_CHILDREN = 'backstep.end-children';
/** The outbox's event name of custom actions. */
const ACT = 'backstep.act';

/** An event on its way to another saga. */
export interface SentEvent {
  readonly to: string;
  readonly event: EventObject;
  /** See `Effect`. */
  readonly shows?: NonNullable<ParentLink['shows']>;
}

type StoppedChild = NonNullable<Extract<Effect, { kind: 'stop-activity' }>['child']>;

/** A child saga to be told to end; `if-left`: only where its parent does not wait for it. */
export type ChildEnd =
  StoppedChild | { readonly id: StoppedChild['id']; readonly command: 'if-left' };

/** What a message between sagas says. */
export type SagaMessage =
  | ({ readonly kind: 'send' } & SentEvent)
  | { readonly kind: 'end-children'; readonly children: readonly ChildEnd[] };

/** What a turn's messages follow from. */
interface Leaving {
  readonly before: SagaState | null;
  readonly after: SagaState;
  readonly effects: readonly Effect[];
}

const NO_ROWS: readonly OutboxRow[] = [];

/** The rows of everything that leaves with a turn, in order. */
export function outboxRowsOf({ before, after, effects }: Leaving): readonly OutboxRow[] {
  const ends: ChildEnd[] = goesOn(before, after) ? [{ id: after.id, command: 'if-left' }] : [];
  const isQuiet = ends.length === 0 && effects.every(({ kind }) => kind === 'start-activity');
  if (isQuiet) return NO_ROWS; // nearly always
  const rows: OutboxRow[] = [];
  for (const effect of effects) {
    if (effect.kind === 'emit' || effect.kind === 'send' || effect.kind === 'act') {
      rows.push(messageRow(effect));
    }
    if (effect.kind === 'stop-activity' && effect.child !== null) ends.push(effect.child);
  }
  if (ends.length > 0) {
    const data = JSON.stringify(ends);
    rows.push({ index: MESSAGES_PER_TURN - 1, event: END_CHILDREN, data });
  }
  return rows;
}

/** True for what other sagas get; subscribers never do. */
export function isBetweenSagas({ event }: Pick<OutboxRow, 'event'>): boolean {
  return event === SEND || event === END_CHILDREN;
}

/** What a message between sagas says; `null` for one that subscribers get. */
export function sagaMessageOf({ event, data }: Omit<OutboxRow, 'index'>): SagaMessage | null {
  if (event === SEND) return { kind: 'send', ...(JSON.parse(data) as SentEvent) };
  if (event !== END_CHILDREN) return null;
  return { kind: 'end-children', children: JSON.parse(data) as readonly ChildEnd[] };
}

// A parent's order to a paused or parked child is not legal. The note that the child goes on is
// durable with the turn that lets it: after a crash nothing else would repeat the order.
function goesOn(before: SagaState | null, after: SagaState): boolean {
  if (before === null || after.parent === null) return false;
  return isStill(before) && !isStill(after) && !isOver(after);
}

/** The custom action that a message asks for; `null` for any other message. */
export function actionIn({ event, data }: Omit<OutboxRow, 'index'>): PendingAction | null {
  return event === ACT ? (JSON.parse(data) as PendingAction) : null;
}

/** A custom action as the outbox keeps it. */
export type PendingAction = Omit<Extract<Effect, { kind: 'act' }>, 'kind' | 'index'>;

function messageRow(effect: Extract<Effect, { kind: 'emit' | 'send' | 'act' }>): OutboxRow {
  const { index, event } = effect;
  if (effect.kind === 'act') {
    const { action, version, params, context } = effect;
    const asked: PendingAction = { action, version, params, context, event };
    return { index, event: ACT, data: JSON.stringify(asked) };
  }
  if (effect.kind === 'emit') return { index, event: event.type, data: JSON.stringify(event) };
  const { to, shows } = effect;
  const sent: SentEvent = { to, event, ...(shows === undefined ? {} : { shows }) };
  return { index, ...asSentRow(sent) };
}

/** An event for another saga, as the outbox keeps it. */
export function asSentRow(sent: SentEvent): Pick<OutboxRow, 'event' | 'data'> {
  return { event: SEND, data: JSON.stringify(sent) };
}

/** The ends of children, as the outbox keeps them; `data` as `outboxRowsOf` gives it. */
export function asEndsRow(data: string): Pick<OutboxRow, 'event' | 'data'> {
  return { event: END_CHILDREN, data };
}
