/**
 * What can happen to a saga next: every outcome of every live activity, every timer, every event
 * and command that is accepted, as inbounds of the real core.
 *
 * Invariant: no move carries a time or chance of its own; a timer fires at its due time, anything
 * else at time zero, and no order among timers is assumed.
 */
import type { EventObject } from 'xstate';
import type { SagaDefinition } from '../definition.ts';
import type { Failure } from '../failure.ts';
import type { CommandName, Inbound } from '../inbound.ts';
import type { LiveActivity, LiveTimer, SagaState } from '../state.ts';
import { COMMAND_EVENTS, legalCommands, legalEvents } from '../legal.ts';
import { MAX_DISPATCHES } from '../turn.ts';
import { type ExampleValues, samplesOf } from './examples.ts';
import { timerName } from './identity.ts';
import type { Answer } from './world.ts';

/** What drives a saga on: by itself at once, by the clock, or from outside. */
export type Drive = 'result' | 'timer' | 'outside';

export interface Move {
  /** For a person: `charge: refused`, `timer deadline`, `command cancel`. */
  readonly label: string;
  readonly drive: Drive;
  /** The activity, timer, event or command it is about. */
  readonly subject: string;
  readonly inbound: Exclude<Inbound, { kind: 'start' }>;
  /** The state to take it in; differs from the present one only in how often it was dispatched. */
  readonly from: SagaState;
  readonly nowMs: number;
  /** What the world learns of it. */
  readonly answer: Answer | null;
  /** True for what a person says where the saga failed: it settles what was in doubt. */
  readonly isVouching: boolean;
  /** What the machine sees of it. */
  readonly event: EventObject;
  /** True for an event whose members nobody gave an example of. */
  readonly isMadeUp: boolean;
}

const START_MS = 0;

const FAILURES: readonly { readonly label: string; readonly failure: Failure }[] = [
  { label: 'refused', failure: failureOf('refused', false, false) },
  { label: 'busy', failure: failureOf('busy', true, false) },
  { label: 'answer lost', failure: failureOf('lost', true, true) },
];

const INTERRUPTED = failureOf('interrupted', false, true);

/** Every move that is possible in this state. Throws what a guard throws on an event. */
export function movesOf(
  definition: SagaDefinition,
  state: SagaState,
  examples: ExampleValues,
): readonly Move[] {
  return [
    ...Object.entries(state.live.activities).flatMap(([id, live]) => [
      ...examples
        .outputsOf(live.src)
        .map((output, index, { length }) => doneMove(state, id, live, output, index, length)),
      ...FAILURES.map(({ label, failure }) => failedMove(state, id, live, label, failure)),
      interruptedMove(state, id, live),
    ]),
    ...timersThatFire(definition, state).map(([id, timer]) =>
      timerMove(definition, state, id, timer),
    ),
    ...commandMoves(state),
    ...legalEvents(state).flatMap((type) => eventMoves(state, type, examples)),
  ];
}

/**
 * The timers that can fire: an attempt time-out runs from dispatch, so it is silent while its
 * activity does not run.
 */
export function timersThatFire(
  definition: SagaDefinition,
  { live }: SagaState,
): readonly (readonly [string, LiveTimer])[] {
  return Object.entries(live.timers).filter(([id]) => {
    const role = definition.timers.get(id);
    return role?.kind !== 'attempt-timeout' || live.activities[role.activity] !== undefined;
  });
}

/** Anything from outside that the machine would take here; guards on events aside. */
export function hasWayOn(state: SagaState): boolean {
  return legalEvents(state).length > 0 || machineCommands(state).length > 0;
}

function doneMove(
  state: SagaState,
  activity: string,
  { token }: LiveActivity,
  output: unknown,
  index: number,
  outcomes: number,
): Move {
  return {
    label: `${activity}: done${numbered(index, outcomes)}`,
    drive: 'result',
    subject: activity,
    inbound: { kind: 'result', activity, token, outcome: { kind: 'done', output } },
    from: state,
    nowMs: START_MS,
    answer: { activity, kind: 'done', isAmbiguous: false },
    event: eventOf(`xstate.done.actor.${activity}`, { output, actorId: activity }),
    isVouching: false,
    isMadeUp: false,
  };
}

function failedMove(
  state: SagaState,
  activity: string,
  { token }: LiveActivity,
  label: string,
  failure: Failure,
): Move {
  return {
    label: `${activity}: ${label}`,
    drive: 'result',
    subject: activity,
    inbound: { kind: 'result', activity, token, outcome: { kind: 'failed', failure } },
    from: state,
    nowMs: START_MS,
    answer: { activity, kind: 'failed', isAmbiguous: failure.ambiguous },
    event: eventOf(`xstate.error.actor.${activity}`, { error: failure, actorId: activity }),
    isVouching: false,
    isMadeUp: false,
  };
}

// Counting up to the bound would only make states that differ in the count.
function interruptedMove(state: SagaState, activity: string, live: LiveActivity): Move {
  const activities = {
    ...state.live.activities,
    [activity]: { ...live, dispatches: MAX_DISPATCHES },
  };
  return {
    ...failedMove(state, activity, live, 'interrupted too often', INTERRUPTED),
    inbound: { kind: 'interrupted', activity, token: live.token },
    from: { ...state, live: { ...state.live, activities } },
  };
}

function timerMove(
  definition: SagaDefinition,
  state: SagaState,
  timer: string,
  { token, dueMs, event }: LiveTimer,
): Move {
  return {
    label: timerLabel(definition, timer),
    drive: 'timer',
    subject: timerName(timer),
    inbound: { kind: 'timer', timer, token },
    from: state,
    nowMs: dueMs ?? START_MS,
    answer: null,
    event,
    isVouching: false,
    isMadeUp: false,
  };
}

function timerLabel(definition: SagaDefinition, id: string): string {
  const role = definition.timers.get(id);
  switch (role?.kind) {
    case undefined:
      return `timer ${timerName(id)}`;
    case 'attempt-timeout':
      return `${role.activity}: timed out`;
    case 'retry':
      return `timer ${role.activity}.retry`;
    case 'wait':
      return `timer ${role.delay}`;
  }
}

// The others (pause, resume, edit-context, terminate) are the engine's: no path of the drawing.
function machineCommands(state: SagaState): readonly CommandName[] {
  return legalCommands(state).filter((name) => Object.hasOwn(COMMAND_EVENTS, name));
}

function commandMoves(state: SagaState): Move[] {
  return machineCommands(state).map((name) => ({
    label: `command ${name}`,
    drive: 'outside',
    subject: name,
    inbound: { kind: 'command', command: { name } },
    from: state,
    nowMs: START_MS,
    answer: null,
    event: { type: `backstep.${name}` },
    isVouching: false,
    isMadeUp: false,
  }));
}

function eventMoves(state: SagaState, type: string, examples: ExampleValues): Move[] {
  return samplesOf(examples, type).map((event, index, { length }) => ({
    label: `event ${type}${numbered(index, length)}`,
    drive: 'outside',
    subject: type,
    // The saga's own count makes the id new at every turn.
    inbound: { kind: 'event', id: `${type}#${state.seq}#${index}`, event },
    from: state,
    nowMs: START_MS,
    answer: null,
    event,
    isVouching: state.status === 'failed',
    isMadeUp: examples.isEventMadeUp(type),
  }));
}

function numbered(index: number, count: number): string {
  return count === 1 ? '' : ` (example ${index + 1})`;
}

function eventOf(type: string, members: Readonly<Record<string, unknown>>): EventObject {
  return { type, ...members };
}

function failureOf(code: string, retryable: boolean, ambiguous: boolean): Failure {
  return { code, message: `the activity was ${code}`, retryable, ambiguous };
}
