/**
 * What leaves a saga with its turns, as calls to be sent: in one order, each with all that its
 * receiver needs. Pure.
 *
 * The order: journal, attempts and children, messages with the ends of children that were left, what
 * is to be undone of children, the wake, the gate, and last the end that a parent waits for, so that a
 * child's last words are heard before it.
 */
import { isOver, isStill, nextDueMs, type SagaState } from '../core/state.ts';
import { isSettled } from '../core/status.ts';
import { isOverForParent } from '../core/turn/child-outcome.ts';
import { isUnstarted, pendingStartOf } from '../core/turn/waiting-room.ts';
import { endOf, reasonOfEnd } from '../host/outside/child-ends.ts';
import { outboxRowsOf, sagaMessageOf } from '../host/outside/outbox-messages.ts';
import type { UnheardEvents } from '../host/outside/unheard-events.ts';
import { unheardOf } from '../host/outside/receivers.ts';
import type { TakenTurn } from '../host/turn/taken-turn.ts';
import type { TurnRecord } from '../store/commit.ts';
import {
  type AttemptForm,
  attemptWords,
  type InlineAttempts,
  inlineIn,
  isStart,
  type StartEffect,
} from './attempts/inline-attempts.ts';
import { attemptSends, startsOf } from './attempts/starts.ts';
import type { KeptSaga, OwnFacts } from './kept-saga.ts';
import { messageKey } from './keys.ts';
import { SERVICES } from './names.ts';
import { type Send, toJournal, toSaga } from './send.ts';
import type { WorkerRegistry } from './worker-registry.ts';
import type { AttemptWords, Message, OutboxWords, SagaWords } from './words.ts';

/** What a call needs to know of its worker. */
export interface WorkPlace {
  readonly registry: WorkerRegistry;
  readonly stateLength: number;
  /** How long ended sagas are kept; `null`: for ever. */
  readonly keepEndedMs: number | null;
  readonly unheard: Pick<UnheardEvents, 'add'>;
  /** How short attempts are made by the call of their saga; `null`: every attempt has its own. */
  readonly inline: InlineAttempts | null;
}

/** What the sends follow from. */
export interface Leaving {
  readonly taken: readonly TakenTurn[];
  readonly records: readonly TurnRecord[];
  readonly facts: OwnFacts;
  /** `null`: it cannot be opened. */
  readonly after: SagaState | null;
  /** What no turn starts, but was to be made. */
  readonly again: readonly StartEffect[];
  /** Lines of earlier turns of the call that were not sent yet. */
  readonly held: readonly TurnRecord[];
  readonly form: AttemptForm;
  readonly nowMs: number;
}

/** What a call sends once its turns are worked out, in this order. */
export interface Commands {
  readonly keep: KeptSaga;
  readonly turns: readonly TurnRecord[];
  /** Attempts to be stopped, as `nameOfAttempt` names them. */
  readonly stops: readonly string[];
  /** Attempts that are live after it. */
  readonly live: ReadonlySet<string>;
  readonly sends: readonly Send[];
  /** The attempt that the call makes itself once they are sent; `null`: none. */
  readonly here: AttemptWords | null;
  /** Lines that are sent with those of the turn after that, unless the attempt takes long. */
  readonly held: readonly TurnRecord[];
}

/** What follows of that from the turns, and what the saga has to remember of it. */
export type Left = Pick<Commands, 'sends' | 'here' | 'held'> & { readonly facts: OwnFacts };

/** No line waits for longer for those of later turns of its call. */
const HELD_MS = 1_000;

type AsRow = Pick<SagaWords['goesOn'], 'row'>;

/** The sends, and what is left beside them. */
export function sendsOf(place: WorkPlace, id: string, leaving: Leaving): Left {
  const { taken, after, nowMs, again, form } = leaving;
  let { facts } = leaving;
  const sends: Send[] = [];
  const { type } = facts;
  const started = [...taken.flatMap(({ effects }) => effects.filter(isStart)), ...again];
  const inline = inlineIn(place.inline, after, started, form, nowMs);
  const isHere = inline?.form === 'here';
  const lines = [...leaving.held, ...leaving.records];
  const isHeld = isHere && nowMs - (lines[0]?.journal.atMs ?? nowMs) < HELD_MS;
  if (lines.length > 0 && !isHeld) sends.push(toJournal(id, type, lines));
  const attemptOf = (effect: StartEffect): readonly Send[] =>
    attemptSends(id, facts, effect, after, inline, nowMs);
  for (const turn of taken) sends.push(...startsOf(place.registry, facts, turn, attemptOf, nowMs));
  for (const effect of again) sends.push(...attemptOf(effect));
  for (const turn of taken) sends.push(...messagesOf(place, id, facts, turn, nowMs));
  for (const turn of taken) sends.push(...undoingsOf(id, turn, nowMs));
  const wake = wakeOf(id, facts, after, nowMs);
  if (wake !== null) {
    sends.push(wake.send);
    facts = { ...facts, wakeMs: wake.dueMs };
  }
  const gate = gateOf(place, id, facts, taken, after);
  if (gate !== null) {
    sends.push(...gate.sends);
    facts = { ...facts, gate: gate.place };
  }
  if (after === null) return { sends, facts, here: null, held: [] };
  sends.push(...removalOf(place, id, taken, after));
  if (facts.watch !== null && isOverForParent(after)) {
    const { parent, activity, token, isUnwinding } = facts.watch;
    const outcome = endOf(after, isUnwinding);
    const inbound = { kind: 'result', activity, token, outcome } as const;
    sends.push(toSaga(parent, 'report', { inbound, atMs: nowMs }));
    facts = { ...facts, watch: null };
  }
  const here = isHere ? attemptWords(id, facts, after, inline.effect, nowMs) : null;
  return { sends, facts, here, held: isHeld ? lines : [] };
}

function undoingsOf(id: string, { effects }: TakenTurn, atMs: number): readonly Send[] {
  return effects.flatMap((effect) => {
    if (effect.kind !== 'start-activity' || effect.child?.isUnwinding !== true) return [];
    const { activity, token, child } = effect;
    const watch = { parent: id, activity, token, isUnwinding: true };
    return [toSaga(child.id, 'unwind', { watch, atMs })];
  });
}

function messagesOf(
  { registry }: WorkPlace,
  id: string,
  { type }: OwnFacts,
  turn: TakenTurn,
  atMs: number,
): readonly Send[] {
  const sends: Send[] = [];
  const { seq, parent } = turn.after;
  let ends: AsRow = {};
  for (const { index, event, data } of outboxRowsOf(turn)) {
    const told = sagaMessageOf({ event, data });
    if (told?.kind === 'end-children') ends = { row: { of: id, seq, data } };
    if (told === null) {
      if (unheardOf(registry, { type, event, data }) !== null) continue; // see `unheardIn`
      const words: OutboxWords = { type, seq, index, event, data };
      sends.push({ service: SERVICES.outbox, key: id, handler: 'deliver', words });
    } else if (told.kind === 'send') {
      const eventId = messageKey(id, seq, index);
      const { shows } = told;
      const inbound: Message =
        shows === undefined
          ? { kind: 'event', id: eventId, event: told.event }
          : { kind: 'told', ...shows, event: told.event, id: eventId };
      sends.push(toSaga(told.to, 'message', { inbound, atMs }));
    } else if (parent !== null && told.children.some(({ command }) => command === 'if-left')) {
      sends.push(toSaga(parent.sagaId, 'goesOn', { child: id, ...ends, atMs }));
    }
  }
  return [...sends, ...endsOf(turn, ends, atMs)];
}

/** An emitted event without a subscriber. */
export interface Unheard {
  readonly type: string;
  readonly event: string;
  /** The types that its saga has subscribers for. */
  readonly subscribed: readonly string[];
}

/** What turns emit and nobody hears: no call is made for it. */
export function unheardIn(
  registry: WorkerRegistry,
  type: string,
  taken: readonly TakenTurn[],
): readonly Unheard[] {
  return taken.flatMap(outboxRowsOf).flatMap(({ event, data }) => {
    if (sagaMessageOf({ event, data }) !== null) return [];
    const subscribed = unheardOf(registry, { type, event, data });
    return subscribed === null ? [] : [{ type, event, subscribed }];
  });
}

// A paused or parked parent lets its children go on and does not wait for them meanwhile: `command`
// is `null`, and the child only forgets whom to tell. Once the parent goes on it asks again.
function endsOf({ before, effects }: TakenTurn, row: AsRow, atMs: number): readonly Send[] {
  return effects.flatMap((effect) => {
    if (effect.kind !== 'stop-activity') return [];
    const { activity, token } = effect;
    const childId = before?.live.activities[activity]?.childId;
    if (childId === undefined) return [];
    const command = effect.child?.command ?? null;
    const reason = command === null ? '' : reasonOfEnd(command);
    return [toSaga(childId, 'end', { activity, token, command, reason, ...row, atMs })];
  });
}

// One call under way wakes the saga for all of its timers. One that comes too early finds none due.
function wakeOf(id: string, { wakeMs }: OwnFacts, after: SagaState | null, nowMs: number) {
  if (after === null || isOver(after) || isStill(after)) return null;
  const dueMs = nextDueMs(after.live);
  if (dueMs === null || (wakeMs !== null && wakeMs <= dueMs)) return null;
  return { dueMs, send: toSaga(id, 'wake', { dueMs }, dueMs - nowMs) };
}

function gateOf(
  { registry }: WorkPlace,
  id: string,
  { type, gate }: OwnFacts,
  taken: readonly TakenTurn[],
  after: SagaState | null,
): { readonly place: OwnFacts['gate']; readonly sends: readonly Send[] } | null {
  const call = (handler: string, words: object): readonly Send[] => [
    { service: SERVICES.gate, key: type, handler, words: { saga: id, ...words } },
  ];
  if (after === null || isSettled(after.status)) {
    return gate === 'none' ? null : { place: 'none', sends: call('leave', {}) };
  }
  if (registry.boundOf(type) === null || taken.length === 0) return null;
  if (isUnstarted(after)) {
    const isQueued = pendingStartOf(after)?.kind === 'queued';
    if (isQueued && gate === 'none') {
      return { place: 'waits', sends: call('enter', { hasBegun: false }) };
    }
    // A person paused it before it began: another saga gets its place.
    return isQueued || gate === 'none' ? null : { place: 'none', sends: call('leave', {}) };
  }
  if (gate === 'none') return { place: 'holds', sends: call('enter', { hasBegun: true }) };
  return gate === 'waits' ? { place: 'holds', sends: [] } : null;
}

function removalOf(
  { keepEndedMs }: WorkPlace,
  id: string,
  taken: readonly TakenTurn[],
  after: SagaState,
): readonly Send[] {
  const was = taken[0]?.before ?? null;
  const hasEnded = isOver(after) && (was === null || !isOver(was));
  return keepEndedMs === null || !hasEnded ? [] : [toSaga(id, 'forget', {}, keepEndedMs)];
}
