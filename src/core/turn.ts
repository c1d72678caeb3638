/**
 * The turn: one inbound taken through the machine. The pure heart of Backstep.
 *
 * No clock, no randomness, no I/O, no await: the same definition, state, inbound and time give the
 * same answer. Whatever is not live any more never makes a transition; it becomes a note.
 */
import type { EventObject } from 'xstate';
import type { SagaDefinition } from './definition.ts';
import type { Failure } from './failure.ts';
import type { CommandName, Inbound, Turn } from './inbound.ts';
import { noteRecord, type Occasion, type Predecessor, recordOf } from './journal-record.ts';
import { beginAttempts, endAttempts } from './ledger.ts';
import { admit, effectsOf, NOTHING_LIVE, rearrange, startEffects, stopEffects } from './live.ts';
import { acceptedEvents, enterMachine, type Macrostep, stepMachine } from './scope.ts';
import { failureReasonAfter, parkReasonOf, statusOf } from './saga-status.ts';
import { type Live, MAX_SEEN_EVENTS, type SagaState } from './state.ts';
import { isEnded } from './status.ts';
import { statePath } from './state-path.ts';

/** How often one attempt is started before a crashing activity is given up on. */
export const MAX_DISPATCHES = 5;

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
  if (state.status === 'parked') return ['retry', 'terminate'];
  const legal: CommandName[] = ['terminate'];
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

function onResult(definition: SagaDefinition, state: SagaState, inbound: Result, nowMs: number) {
  const { activity, token, outcome } = inbound;
  if (state.live.activities[activity]?.token !== token) {
    return note(state, inbound, nowMs, 'late or duplicate result: the saga has moved on');
  }
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
  if (activity?.token !== token) {
    return note(state, inbound, nowMs, 'interrupted attempt: the saga has moved on');
  }
  if (activity.dispatches >= MAX_DISPATCHES) {
    const failure: Failure = {
      code: 'interrupted',
      message: `the process ended ${MAX_DISPATCHES} times while this attempt ran`,
      retryable: false,
      ambiguous: true,
    };
    const outcome = { kind: 'failed', failure } as const;
    return onResult(definition, state, { kind: 'result', activity: id, token, outcome }, nowMs);
  }
  const again = { ...activity, dispatches: activity.dispatches + 1 };
  const live = { ...state.live, activities: { ...state.live.activities, [id]: again } };
  const next = { ...state, seq: state.seq + 1, live };
  const why = `started again after a restart, dispatch ${again.dispatches} of ${MAX_DISPATCHES}`;
  const effects = startEffects(definition, next, (each) => each === id);
  return { kind: 'advanced', state: next, effects, record: noteRecord(next, inbound, nowMs, why) };
}

function onEvent(
  definition: SagaDefinition,
  state: SagaState,
  inbound: Event,
  nowMs: number,
): Turn {
  const { id, event } = inbound;
  if (state.seenEvents.includes(id)) {
    return note(state, inbound, nowMs, 'duplicate event: this id was taken before');
  }
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
  if (name === 'terminate') return terminate(state, inbound, nowMs);
  const event = eventOf(COMMAND_EVENTS[name], reason === undefined ? {} : { reason });
  return react(definition, state, state.live, { inbound, event, nowMs });
}

function terminate(state: SagaState, inbound: Command, nowMs: number): Turn {
  const next: SagaState = {
    ...state,
    seq: state.seq + 1,
    status: 'terminated',
    live: NOTHING_LIVE,
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
    return terminate(state, inbound, nowMs);
  }
  const canGoOn = state.snapshot.status === 'active';
  if (inbound.kind === 'command' && inbound.command.name === 'retry' && canGoOn) {
    const status = statusOf(state.snapshot);
    const next: SagaState = { ...state, seq: state.seq + 1, status, parkReason: null };
    const record = recordOf(state, next, { inbound, event: 'retry', nowMs });
    const effects = startEffects(definition, next, () => true);
    return { kind: 'advanced', state: next, effects, record };
  }
  if (inbound.kind === 'command' || inbound.kind === 'event') {
    return { kind: 'refused', reason: 'not-accepted', legal: legalCommands(state) };
  }
  return note(state, inbound, nowMs, 'the saga is parked: nothing moves until a person decides');
}

function afterTheEnd(state: SagaState, inbound: Inbound, nowMs: number): Turn {
  if (inbound.kind === 'event' || inbound.kind === 'command') {
    return { kind: 'refused', reason: 'ended', legal: [] };
  }
  return note(state, inbound, nowMs, 'late: the saga has ended');
}

function react(
  definition: SagaDefinition,
  state: SagaState,
  live: Live,
  occasion: Omit<Occasion, 'event'> & { readonly event: EventObject },
): Turn {
  const { inbound, event, nowMs } = occasion;
  const step = stepMachine(state.snapshot, state.id, event);
  if (step.snapshot === state.snapshot && step.commands.length === 0) {
    const why = `not handled in state ${statePath(state.snapshot.value)}`;
    return note({ ...state, live }, inbound, nowMs, why);
  }
  return advance(definition, state, live, step, { inbound, event: event.type, nowMs });
}

/** `live`: what was live before, without what the inbound consumed. */
function advance(
  definition: SagaDefinition,
  state: Predecessor,
  live: Live,
  { snapshot, commands }: Macrostep,
  occasion: Occasion,
): Turn & { kind: 'advanced' } {
  const { inbound, nowMs } = occasion;
  const moment = { token: state.seq + 1, nowMs };
  const rearranged = rearrange(definition, live, commands, moment);
  const isOver = snapshot.status !== 'active';
  const kept = isOver ? NOTHING_LIVE : rearranged.kept;
  const ended = endAttempts(definition, state.steps, { inbound, before: state.live, kept, nowMs });
  const after = isOver ? NOTHING_LIVE : admit(definition, ended, rearranged, moment.token);
  const steps = beginAttempts(definition, ended, after, moment);
  const status = statusOf(snapshot);
  const next: SagaState = {
    id: state.id,
    seq: moment.token,
    status,
    snapshot,
    live: after,
    steps,
    failureReason: failureReasonAfter(state.failureReason, status, inbound, definition),
    seenEvents: state.seenEvents,
    parkReason: parkReasonOf(snapshot),
  };
  return {
    kind: 'advanced',
    state: next,
    effects: effectsOf(definition, live, next, rearranged.emitted),
    record: recordOf(state, next, occasion),
  };
}

function note(state: SagaState, inbound: Inbound, nowMs: number, why: string): Turn {
  const next = { ...state, seq: state.seq + 1 };
  return { kind: 'noted', state: next, record: noteRecord(next, inbound, nowMs, why) };
}

function eventOf(type: string, members: Readonly<Record<string, unknown>>): EventObject {
  return { type, ...members };
}

function isReserved(type: string): boolean {
  return type.startsWith('xstate.') || type.startsWith('backstep.');
}
