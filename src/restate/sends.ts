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
import type { Effect } from '../core/turn/inbound.ts';
import { parentLink, traceOf } from '../core/turn/parent-link.ts';
import { isUnstarted, pendingStartOf } from '../core/turn/waiting-room.ts';
import { endOf, reasonOfEnd } from '../host/outside/child-ends.ts';
import { outboxRowsOf, sagaMessageOf } from '../host/outside/outbox-messages.ts';
import type { UnheardEvents } from '../host/outside/unheard-events.ts';
import { unheardOf } from '../host/outside/receivers.ts';
import type { TakenTurn } from '../host/turn/taken-turn.ts';
import type { TurnRecord } from '../store/commit.ts';
import type { OwnFacts } from './kept-saga.ts';
import { messageKey } from './keys.ts';
import { SERVICES } from './names.ts';
import type { WorkerRegistry } from './worker-registry.ts';
import type { AttemptWords, JournalWords, Message, OutboxWords, SagaWords } from './words.ts';

/** What a call needs to know of its worker. */
export interface WorkPlace {
  readonly registry: WorkerRegistry;
  readonly stateLength: number;
  /** How long ended sagas are kept; `null`: for ever. */
  readonly keepEndedMs: number | null;
  readonly unheard: Pick<UnheardEvents, 'add'>;
}

/** Names an attempt among those of its saga. */
export function nameOfAttempt(activity: string, token: number): string {
  return `${activity}/${token}`;
}

/** One call that nobody waits for. */
export interface Send {
  readonly service: (typeof SERVICES)[keyof typeof SERVICES];
  /** Of an object. */
  readonly key?: string;
  readonly handler: string;
  readonly words: unknown;
  readonly delayMs?: number;
  /** Of an attempt, which may be stopped by the id of its call. */
  readonly attempt?: string;
}

/** What the sends follow from. */
export interface Leaving {
  readonly taken: readonly TakenTurn[];
  readonly records: readonly TurnRecord[];
  readonly facts: OwnFacts;
  /** `null`: it cannot be opened. */
  readonly after: SagaState | null;
  readonly nowMs: number;
}

type StartEffect = Extract<Effect, { kind: 'start-activity' }>;
type AsRow = Pick<SagaWords['goesOn'], 'row'>;

/** The sends, and what the saga has to remember of them. */
export function sendsOf(
  place: WorkPlace,
  id: string,
  leaving: Leaving,
): { readonly sends: readonly Send[]; readonly facts: OwnFacts } {
  const { taken, records, after, nowMs } = leaving;
  let { facts } = leaving;
  const sends: Send[] = [];
  const { type } = facts;
  if (records.length > 0) sends.push(toJournal(id, type, records));
  for (const turn of taken) sends.push(...startsOf(place, id, facts, turn, after, nowMs));
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
  if (after === null) return { sends, facts };
  sends.push(...removalOf(place, id, taken, after));
  if (facts.watch !== null && isOverForParent(after)) {
    const { parent, activity, token, isUnwinding } = facts.watch;
    const outcome = endOf(after, isUnwinding);
    const inbound = { kind: 'result', activity, token, outcome } as const;
    sends.push(toSaga(parent, 'report', { inbound, atMs: nowMs }));
    facts = { ...facts, watch: null };
  }
  return { sends, facts };
}

/** A call of another saga. */
export function toSaga<Handler extends keyof SagaWords>(
  key: string,
  handler: Handler,
  words: SagaWords[Handler],
  delayMs = 0,
): Send {
  const send = { service: SERVICES.saga, key, handler, words };
  return delayMs > 0 ? { ...send, delayMs } : send;
}

/** Turns of a saga, to be written where they are not written yet. */
export function toJournal(key: string, type: string, turns: readonly TurnRecord[]): Send {
  const words: JournalWords = { type, turns: [...turns] };
  return { service: SERVICES.journal, key, handler: 'append', words };
}

/**
 * Asks for a place of the type once more; who has one is told so again. `hasBegun`: it takes one
 * without waiting.
 */
export function toGate(type: string, saga: string, hasBegun = false): Send {
  const words = { saga, hasBegun };
  return { service: SERVICES.gate, key: type, handler: 'enter', words };
}

function startsOf(
  { registry }: WorkPlace,
  id: string,
  { type, version }: OwnFacts,
  taken: TakenTurn,
  after: SagaState | null,
  atMs: number,
): readonly Send[] {
  return taken.effects.flatMap((effect) => {
    if (effect.kind !== 'start-activity') return [];
    const { child, activity, token } = effect;
    if (child?.isUnwinding === true) return []; // see `undoingsOf`: after the order to end
    if (child !== null) return childCalls(registry, taken.after, { type, version }, effect, atMs);
    // An attempt that a later turn of the same call has left was never begun.
    if (after?.live.activities[activity]?.token !== token) return [];
    const trace = after === null ? null : traceOf(after);
    const of = trace === null ? {} : { trace };
    const words: AttemptWords = { saga: id, type, version, effect, ...of, atMs };
    const attempt = nameOfAttempt(activity, token);
    return [{ service: SERVICES.attempt, handler: 'run', words, attempt }];
  });
}

function childCalls(
  registry: WorkPlace['registry'],
  saga: SagaState,
  { type, version }: Pick<OwnFacts, 'type' | 'version'>,
  { child, activity, token, input, step, src }: StartEffect,
  atMs: number,
): readonly Send[] {
  const definition = registry.version(type, version).definition.children[src];
  if (child === null || definition === undefined) return [];
  const watch = { parent: saga.id, activity, token, isUnwinding: false };
  const parent = parentLink(saga, step, child.shows === true ? { activity, token } : undefined);
  const of = { type: definition.id, version: definition.version };
  return [toSaga(child.id, 'startChild', { ...of, input, parent, watch, atMs })];
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
