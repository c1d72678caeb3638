/**
 * The turn: one inbound taken through the machine. Pure.
 *
 * No clock, no randomness, no I/O, no await: the same definition, state, inbound and time give the
 * same answer. Invariant: an inbound whose token is not live any more never makes a transition; it
 * becomes a note.
 */
import type { EventObject } from 'xstate';
import { endOfActor } from './actor-ends.ts';
import { advance, note, react, selfOf } from './advance.ts';
import { onCommand, park, whileStill } from './commands.ts';
import type { SagaDefinition } from '../define/definition.ts';
import { isKnownEvent, keepOrRefuse, rememberEvent } from './early-events.ts';
import { startEffects } from './effects.ts';
import { INTERRUPTED, INTERRUPTED_ONCE } from '../failure.ts';
import type { Inbound, StartHold, Turn } from './inbound.ts';
import { noteRecord, type Occasion, type Predecessor } from '../history/journal-record.ts';
import { withLateResult } from './late-results.ts';
import { canTake, isReserved } from './legal.ts';
import { dispatchedAgain, NOTHING_LIVE, resultOf } from './live.ts';
import { migrationTurn } from '../history/migration.ts';
import { parkInstead } from './park-instead.ts';
import type { ParentLink } from './parent-link.ts';
import { moveIn } from './kept-text/moved.ts';
import { onTold } from './told.ts';
import { asGiven } from '../machine/machine-values.ts';
import { enterMachine } from '../machine/macrostep/scope.ts';
import { sendNow } from './delayed-sends.ts';
import { isOver, isStill, type SagaState } from '../state.ts';
import {
  ADMIT_EVENT,
  isLimited,
  isUnstarted,
  pendingStartOf,
  START_TIMER,
  startDelay,
  waitingInputOf,
  WAITING_ROOM,
} from './waiting-room.ts';

/**
 * How often one attempt is started before an activity that ends the process is given up on. What
 * was ended in good order (a stop of the engine, a pause) does not count.
 */
export const MAX_DISPATCHES = 10;

/**
 * The first turn of a saga. `input` is parsed already; `parent` started it as its child; with a
 * `hold` it waits before its machine is entered; `trace` is the `traceparent` of who asks. Throws what the machine's own code throws.
 */
export function begin(
  definition: SagaDefinition,
  id: string,
  input: unknown,
  nowMs: number,
  parent: ParentLink | null = null,
  hold: StartHold | null = null,
  trace: string | null = null,
): Turn & { kind: 'advanced' } {
  const unborn: Predecessor = {
    id,
    parent,
    seq: 0,
    snapshot: null,
    live: NOTHING_LIVE,
    steps: [],
    failureReason: null,
    seenEvents: [],
    early: [],
    resolution: null,
    trace,
  };
  const inbound: Inbound = {
    kind: 'start',
    input,
    ...(parent === null ? {} : { parent }),
    ...(hold === null ? {} : { hold }),
    ...(trace === null ? {} : { trace }),
  };
  const occasion = { inbound, event: 'start', nowMs };
  if (hold === null) {
    const self = selfOf(definition, unborn, occasion);
    const step = enterMachine(definition.machine, self, asGiven(definition, input));
    return advance(definition, unborn, NOTHING_LIVE, step, occasion);
  }
  const self = selfOf(definition, unborn, occasion);
  const { snapshot } = enterMachine(WAITING_ROOM, self, { input, hold });
  const waiting = { snapshot, commands: startDelay(hold, nowMs) };
  return advance(definition, unborn, NOTHING_LIVE, waiting, occasion);
}

/** Every further turn. Throws what a guard, mapper or assign of the machine throws. */
export function turn(
  definition: SagaDefinition,
  state: SagaState,
  inbound: Exclude<Inbound, { kind: 'start' }>,
  nowMs: number,
): Turn {
  const taken = drawnTurn(definition, state, inbound, nowMs);
  if (taken.kind !== 'advanced') return taken;
  // The record's inbound, not the one that came: `resultOf` made its failure ambiguous where an
  // earlier dispatch of the same attempt was cut off.
  return parkInstead(definition, state, taken.record.inbound, taken, nowMs);
}

/**
 * The turn as the machine draws it, also where it would end the saga against its ledger: for
 * `verify`, which must see what the drawing does. Hosts take `turn`.
 */
export function drawnTurn(
  definition: SagaDefinition,
  state: SagaState,
  inbound: Exclude<Inbound, { kind: 'start' }>,
  nowMs: number,
): Turn {
  if (inbound.kind === 'migrate') return migrationTurn(definition, state.id, inbound, nowMs);
  if (moveIn(state.parkReason) !== null) return { kind: 'refused', reason: 'moved', legal: [] };
  // First of all: a sender that repeats the event that ended the saga must hear that it was taken.
  if (inbound.kind === 'event' && isKnownEvent(state, inbound.id)) {
    return note(state, inbound, nowMs, 'duplicate event: this id was taken before');
  }
  if (inbound.kind === 'told') return onTold(definition, state, inbound, nowMs);
  if (isOver(state)) return afterTheEnd(definition, state, inbound, nowMs);
  if (isStill(state)) {
    return whileStill(definition, state, inbound, nowMs);
  }
  switch (inbound.kind) {
    case 'result':
      return onResult(definition, state, inbound, nowMs);
    case 'timer':
      return onTimer(definition, state, inbound, nowMs);
    case 'admit':
      return onAdmit(definition, state, inbound, nowMs);
    case 'interrupted':
      return onInterrupted(definition, state, inbound, nowMs);
    case 'event':
      return onEvent(definition, state, inbound, nowMs);
    case 'command':
      return onCommand(definition, state, inbound, nowMs);
    case 'park':
      return park(state, inbound, nowMs);
    case 'move':
      return note(state, inbound, nowMs, 'a move takes no machine');
  }
}

type Result = Extract<Inbound, { kind: 'result' }>;
type Timer = Extract<Inbound, { kind: 'timer' }>;
type Admit = Extract<Inbound, { kind: 'admit' }>;
type Interrupted = Extract<Inbound, { kind: 'interrupted' }>;
type Event = Extract<Inbound, { kind: 'event' }>;

function onResult(definition: SagaDefinition, state: SagaState, came: Result, nowMs: number) {
  const { activity, token } = came;
  const answered = state.live.activities[activity];
  if (answered?.token !== token) {
    const steps = withLateResult(definition, state.steps, came, nowMs);
    return note(
      { ...state, steps },
      came,
      nowMs,
      'late or duplicate result: the saga has moved on',
    );
  }
  const inbound = resultOf(answered, came);
  const { outcome } = inbound;
  const event = endOfActor(definition, activity, outcome);
  const { [activity]: _, ...activities } = state.live.activities;
  return react(definition, state, { ...state.live, activities }, { inbound, event, nowMs });
}

function onTimer(definition: SagaDefinition, state: SagaState, inbound: Timer, nowMs: number) {
  const timer = state.live.timers[inbound.timer];
  if (timer?.token !== inbound.token) {
    return note(state, inbound, nowMs, 'stale timer: the saga has moved on');
  }
  if (timer.dueMs !== undefined && timer.dueMs > nowMs) {
    return note(state, inbound, nowMs, 'early timer: not due yet');
  }
  const { [inbound.timer]: _, ...timers } = state.live.timers;
  const { event } = timer;
  const needsPlace = inbound.isLimited ?? (isUnstarted(state) && isLimited(state));
  if (inbound.timer === START_TIMER && isUnstarted(state) && !needsPlace) {
    return leaveWaitingRoom(definition, state, { inbound, event: event.type, nowMs });
  }
  const live = { ...state.live, timers };
  if (timer.to !== undefined) return sendNow(definition, state, live, { inbound, timer, nowMs });
  return react(definition, state, live, { inbound, event, nowMs });
}

function onAdmit(definition: SagaDefinition, state: SagaState, inbound: Admit, nowMs: number) {
  if (pendingStartOf(state)?.kind !== 'queued') {
    return note(state, inbound, nowMs, 'admitted: the saga does not wait for a place');
  }
  return leaveWaitingRoom(definition, state, { inbound, event: ADMIT_EVENT, nowMs });
}

function leaveWaitingRoom(definition: SagaDefinition, state: SagaState, occasion: Occasion): Turn {
  const self = selfOf(definition, state, occasion);
  const step = enterMachine(definition.machine, self, asGiven(definition, waitingInputOf(state)));
  return advance(definition, state, NOTHING_LIVE, step, occasion);
}

function onInterrupted(
  definition: SagaDefinition,
  state: SagaState,
  inbound: Interrupted,
  nowMs: number,
): Turn {
  const { activity: id, token, wasClean = false } = inbound;
  const activity = state.live.activities[id];
  const isIt = (each: string): boolean => each === id;
  if (activity?.token !== token) {
    return note(state, inbound, nowMs, 'interrupted attempt: the saga has moved on');
  }
  if (activity.childId !== undefined || activity.isListener === true) {
    return lookAgain(definition, state, inbound, nowMs);
  }
  const { dispatches, cleanStops = 0, isOnce = false } = activity;
  const crashes = dispatches - cleanStops;
  if (isOnce || (!wasClean && crashes >= MAX_DISPATCHES)) {
    const failure = isOnce ? INTERRUPTED_ONCE : INTERRUPTED;
    const outcome = { kind: 'failed', failure } as const;
    return onResult(definition, state, { kind: 'result', activity: id, token, outcome }, nowMs);
  }
  const next = { ...state, seq: state.seq + 1, live: dispatchedAgain(state.live, isIt, wasClean) };
  const why = wasClean
    ? 'started again: the process before was stopped in good order'
    : `started again after the process ended, dispatch ${crashes + 1} of ${MAX_DISPATCHES}`;
  const effects = startEffects(definition, next, isIt);
  return { kind: 'advanced', state: next, effects, record: noteRecord(next, inbound, nowMs, why) };
}

// Finding a child saga again is no second start of it: nothing to count, nothing in doubt.
function lookAgain(
  definition: SagaDefinition,
  state: SagaState,
  inbound: Interrupted,
  nowMs: number,
): Turn {
  const next = { ...state, seq: state.seq + 1 };
  const effects = startEffects(definition, next, (each) => each === inbound.activity);
  const isListener = state.live.activities[inbound.activity]?.isListener === true;
  const why = isListener
    ? 'started again: it lives in memory'
    : 'the child saga is looked at again';
  const record = noteRecord(next, inbound, nowMs, why);
  return { kind: 'advanced', state: next, effects, record };
}

function onEvent(definition: SagaDefinition, state: SagaState, came: Event, nowMs: number): Turn {
  const { id } = came;
  const event = asGiven(definition, came.event);
  const inbound = { ...came, event };
  const seen = { ...state, seenEvents: rememberEvent(state, id) };
  if (!isReserved(event.type) && canTake(state, event)) {
    return react(definition, seen, state.live, { inbound, event, nowMs });
  }
  return (
    openedBy(definition, seen, { inbound, event, nowMs }) ??
    keepOrRefuse(definition, state, inbound, nowMs)
  );
}

// The guard of an eventless transition may look at an event that no transition takes, as under
// XState's own interpreter.
function openedBy(
  definition: SagaDefinition,
  state: SagaState,
  occasion: Omit<Occasion, 'event'> & { readonly event: EventObject },
): Turn | null {
  const { event } = occasion;
  if (definition.isBuilt || isUnstarted(state) || isReserved(event.type)) return null;
  const taken = react(definition, state, state.live, occasion);
  return taken.kind === 'advanced' ? taken : null;
}

function afterTheEnd(
  definition: SagaDefinition,
  state: SagaState,
  inbound: Inbound,
  nowMs: number,
): Turn {
  if (inbound.kind === 'event' || inbound.kind === 'command') {
    return { kind: 'refused', reason: 'ended', legal: [] };
  }
  const steps =
    inbound.kind === 'result'
      ? withLateResult(definition, state.steps, inbound, nowMs)
      : state.steps;
  return note({ ...state, steps }, inbound, nowMs, 'late: the saga has ended');
}
