/**
 * The turn: one inbound taken through the machine. The pure heart of Backstep.
 *
 * No clock, no randomness, no I/O, no await: the same definition, state, inbound and time give the
 * same answer. Whatever is not live any more never makes a transition; it becomes a note.
 */
import type { EventObject } from 'xstate';
import { advance, note, react } from './advance.ts';
import type { SagaDefinition } from './definition.ts';
import { INTERRUPTED } from './failure.ts';
import type { CommandName, Inbound, Turn } from './inbound.ts';
import { noteRecord, type Predecessor, recordOf } from './journal-record.ts';
import { endAttempts, settleRetries } from './ledger.ts';
import { dispatchedAgain, NOTHING_LIVE, resultOf, startEffects, stopEffects } from './live.ts';
import { statusOf } from './saga-status.ts';
import { acceptedEvents, enterMachine } from './scope.ts';
import { MAX_SEEN_EVENTS, type SagaState } from './state.ts';
import { isEnded } from './status.ts';

/** How often one attempt is started before a crashing activity is given up on. */
export const MAX_DISPATCHES = 10;

/** Commands a person or program may order, as events of a builder machine. */
const COMMAND_EVENTS = { cancel: 'backstep.cancel', retry: 'backstep.retry' } as const;

/**
 * The first turn of a saga. `input` is parsed already. Throws what the machine's own code throws.
 */
export function begin(
  definition: SagaDefinition,
  id: string,
  input: unknown,
  nowMs: number,
): Turn & { kind: 'advanced' } {
  const unborn: Predecessor = {
    id,
    seq: 0,
    snapshot: null,
    live: NOTHING_LIVE,
    steps: [],
    failureReason: null,
    seenEvents: [],
  };
  const inbound: Inbound = { kind: 'start', input };
  const step = enterMachine(definition.machine, id, input);
  return advance(definition, unborn, NOTHING_LIVE, step, { inbound, event: 'start', nowMs });
}

/** Every further turn. Throws what a guard, mapper or assign of the machine throws. */
export function turn(
  definition: SagaDefinition,
  state: SagaState,
  inbound: Exclude<Inbound, { kind: 'start' }>,
  nowMs: number,
): Turn {
  // First of all: a sender that repeats the event that ended the saga must hear that it was taken.
  if (inbound.kind === 'event' && state.seenEvents.includes(inbound.id)) {
    return note(state, inbound, nowMs, 'duplicate event: this id was taken before');
  }
  if (isEnded(state.status)) return afterTheEnd(state, inbound, nowMs);
  if (state.status === 'parked') return whileParked(definition, state, inbound, nowMs);
  switch (inbound.kind) {
    case 'result':
      return onResult(definition, state, inbound, nowMs);
    case 'timer':
      return onTimer(definition, state, inbound, nowMs);
    case 'interrupted':
      return onInterrupted(definition, state, inbound, nowMs);
    case 'event':
      return onEvent(definition, state, inbound, nowMs);
    case 'command':
      return onCommand(definition, state, inbound, nowMs);
    case 'park':
      return park(state, inbound, nowMs);
  }
}

/** The commands that are legal in this state. */
export function legalCommands(state: SagaState): readonly CommandName[] {
  if (isEnded(state.status)) return [];
  const legal: CommandName[] = ['terminate'];
  if (state.status === 'parked') {
    // A machine that ended in error has nowhere to go on from.
    if (state.snapshot.status === 'active') legal.unshift('retry');
    return legal;
  }
  if (state.snapshot.can({ type: COMMAND_EVENTS.retry })) legal.unshift('retry');
  if (state.snapshot.can({ type: COMMAND_EVENTS.cancel })) legal.unshift('cancel');
  return legal;
}

/** Event types from outside that the machine accepts now. */
export function legalEvents(state: SagaState): readonly string[] {
  return acceptedEvents(state.snapshot).filter((type) => !isReserved(type));
}

type Result = Extract<Inbound, { kind: 'result' }>;
type Timer = Extract<Inbound, { kind: 'timer' }>;
type Interrupted = Extract<Inbound, { kind: 'interrupted' }>;
type Event = Extract<Inbound, { kind: 'event' }>;
type Command = Extract<Inbound, { kind: 'command' }>;
type Park = Extract<Inbound, { kind: 'park' }>;

function onResult(definition: SagaDefinition, state: SagaState, came: Result, nowMs: number) {
  const { activity, token } = came;
  const answered = state.live.activities[activity];
  if (answered?.token !== token) {
    return note(state, came, nowMs, 'late or duplicate result: the saga has moved on');
  }
  const inbound = resultOf(answered, came);
  const { outcome } = inbound;
  const event: EventObject =
    outcome.kind === 'done'
      ? eventOf(`xstate.done.actor.${activity}`, { output: outcome.output, actorId: activity })
      : eventOf(`xstate.error.actor.${activity}`, { error: outcome.failure, actorId: activity });
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
  return react(definition, state, { ...state.live, timers }, { inbound, event, nowMs });
}

function onInterrupted(
  definition: SagaDefinition,
  state: SagaState,
  inbound: Interrupted,
  nowMs: number,
): Turn {
  const { activity: id, token } = inbound;
  const activity = state.live.activities[id];
  const isIt = (each: string): boolean => each === id;
  if (activity?.token !== token) {
    return note(state, inbound, nowMs, 'interrupted attempt: the saga has moved on');
  }
  if (activity.dispatches >= MAX_DISPATCHES) {
    const outcome = { kind: 'failed', failure: INTERRUPTED } as const;
    return onResult(definition, state, { kind: 'result', activity: id, token, outcome }, nowMs);
  }
  const next = { ...state, seq: state.seq + 1, live: dispatchedAgain(state.live, isIt) };
  const why = `started again after a restart, dispatch ${activity.dispatches + 1} of ${MAX_DISPATCHES}`;
  const effects = startEffects(definition, next, isIt);
  return { kind: 'advanced', state: next, effects, record: noteRecord(next, inbound, nowMs, why) };
}

function onEvent(
  definition: SagaDefinition,
  state: SagaState,
  inbound: Event,
  nowMs: number,
): Turn {
  const { id, event } = inbound;
  if (isReserved(event.type) || !state.snapshot.can(event)) {
    return { kind: 'refused', reason: 'not-accepted', legal: legalEvents(state) };
  }
  const seenEvents = [...state.seenEvents, id].slice(-MAX_SEEN_EVENTS);
  return react(definition, { ...state, seenEvents }, state.live, { inbound, event, nowMs });
}

function onCommand(definition: SagaDefinition, state: SagaState, inbound: Command, nowMs: number) {
  const { name, reason } = inbound.command;
  const legal = legalCommands(state);
  if (!legal.includes(name)) return { kind: 'refused', reason: 'not-accepted', legal } as const;
  if (name === 'terminate') return terminate(definition, state, inbound, nowMs);
  const event = eventOf(COMMAND_EVENTS[name], reason === undefined ? {} : { reason });
  return react(definition, state, state.live, { inbound, event, nowMs });
}

function terminate(
  definition: SagaDefinition,
  state: SagaState,
  inbound: Command,
  nowMs: number,
): Turn {
  const endings = { inbound, before: state.live, kept: NOTHING_LIVE, nowMs };
  const ended = endAttempts(definition, state.steps, endings);
  const next: SagaState = {
    ...state,
    seq: state.seq + 1,
    status: 'terminated',
    live: NOTHING_LIVE,
    steps: settleRetries(definition, ended, NOTHING_LIVE),
    parkReason: null,
  };
  const record = recordOf(state, next, { inbound, event: 'terminate', nowMs });
  return { kind: 'advanced', state: next, effects: stopEffects(state.live, NOTHING_LIVE), record };
}

// Parking freezes a saga: what was live stays recorded, so that a person's retry goes on from
// there with the same tokens and keys.
function park(state: SagaState, inbound: Park, nowMs: number): Turn {
  const next: SagaState = {
    ...state,
    seq: state.seq + 1,
    status: 'parked',
    parkReason: inbound.failure,
  };
  const record = recordOf(state, next, { inbound, event: 'park', nowMs });
  return { kind: 'advanced', state: next, effects: stopEffects(state.live, NOTHING_LIVE), record };
}

function whileParked(
  definition: SagaDefinition,
  state: SagaState,
  inbound: Exclude<Inbound, { kind: 'start' }>,
  nowMs: number,
): Turn {
  if (inbound.kind === 'command' && inbound.command.name === 'terminate') {
    return terminate(definition, state, inbound, nowMs);
  }
  const legal = legalCommands(state);
  if (inbound.kind === 'command' && inbound.command.name === 'retry' && legal.includes('retry')) {
    const status = statusOf(state.snapshot);
    const live = dispatchedAgain(state.live, () => true);
    const next: SagaState = { ...state, seq: state.seq + 1, status, live, parkReason: null };
    const record = recordOf(state, next, { inbound, event: 'retry', nowMs });
    const effects = startEffects(definition, next, () => true);
    return { kind: 'advanced', state: next, effects, record };
  }
  if (inbound.kind === 'command' || inbound.kind === 'event') {
    return { kind: 'refused', reason: 'not-accepted', legal };
  }
  return note(state, inbound, nowMs, 'the saga is parked: nothing moves until a person decides');
}

function afterTheEnd(state: SagaState, inbound: Inbound, nowMs: number): Turn {
  if (inbound.kind === 'event' || inbound.kind === 'command') {
    return { kind: 'refused', reason: 'ended', legal: [] };
  }
  return note(state, inbound, nowMs, 'late: the saga has ended');
}

function eventOf(type: string, members: Readonly<Record<string, unknown>>): EventObject {
  return { type, ...members };
}

function isReserved(type: string): boolean {
  return type.startsWith('xstate.') || type.startsWith('backstep.');
}
