/**
 * What can happen to a saga next: every outcome of every live activity, every timer, every event
 * and command that is accepted, as inbounds of the real core.
 *
 * Invariant: no move carries a time or chance of its own; a timer fires at its due time, anything
 * else at time zero, and no order among timers is assumed.
 */
import type { EventObject } from 'xstate';
import type { SagaDefinition } from '../definition.ts';
import { CHILD_COMPLETED, type Failure } from '../failure.ts';
import type { CommandName, Inbound } from '../inbound.ts';
import type { LiveActivity, LiveTimer, SagaState } from '../state.ts';
import { COMMAND_EVENTS, hasEndedUnsettled, legalCommands, legalEvents } from '../legal.ts';
import { UNWIND_CHILD } from '../machine-roles.ts';
import { probeAnswerOf } from '../probe.ts';
import { MAX_DISPATCHES } from '../turn.ts';
import type { Decision } from './decisions.ts';
import { type ExampleValues, samplesOf } from './examples.ts';
import { atLastAttempt } from './budgets.ts';
import { isCompiled, timerName } from './identity.ts';
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
  /** What a person settles by it. */
  readonly decision: Decision | null;
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

const UNWIND_FAILURES: typeof FAILURES = [
  { label: 'it had completed', failure: failureOf(CHILD_COMPLETED, false, true) },
  { label: 'it was terminated', failure: failureOf('child-terminated', false, true) },
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
      ...doneMoves(definition, state, id, live, examples),
      ...failuresOf(live).map(({ label, failure }) => failedMove(state, id, live, label, failure)),
      // A child saga lives on through the end of a process.
      ...(live.childId === undefined ? [interruptedMove(state, id, live)] : []),
      ...lastAttemptMoves(definition, state, id, live),
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

function doneMoves(
  definition: SagaDefinition,
  state: SagaState,
  id: string,
  live: LiveActivity,
  examples: ExampleValues,
): Move[] {
  if (live.direction === 'probe') {
    const [forward = live.step] =
      [...definition.invokes].find(
        ([, { step, direction }]) => step === live.step && direction === 'forward',
      ) ?? [];
    const [output = null] = examples.outputsOf(forward);
    return [
      doneMove(state, id, live, { kind: 'happened', output }, ': it happened'),
      doneMove(state, id, live, { kind: 'never' }, ': it never happened'),
      doneMove(state, id, live, { kind: 'unknown' }, ': cannot tell'),
    ];
  }
  const outputs = examples.outputsOf(live.src);
  return outputs.map((output, index) =>
    doneMove(state, id, live, output, `: done${numbered(index, outputs.length)}`),
  );
}

function doneMove(
  state: SagaState,
  activity: string,
  { token, direction }: LiveActivity,
  output: unknown,
  words: string,
): Move {
  const probed = direction === 'probe' ? probeAnswerOf(output) : null;
  return {
    label: `${activity}${words}`,
    drive: 'result',
    subject: activity,
    inbound: { kind: 'result', activity, token, outcome: { kind: 'done', output } },
    from: state,
    nowMs: START_MS,
    answer: { activity, kind: 'done', isAmbiguous: false, probed },
    event: eventOf(`xstate.done.actor.${activity}`, { output, actorId: activity }),
    decision: null,
    isMadeUp: false,
  };
}

/** Only the runtime's own failures reach a child's unwinding. */
function failuresOf({ src }: LiveActivity): typeof FAILURES {
  return src === UNWIND_CHILD ? UNWIND_FAILURES : FAILURES;
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
    answer: { activity, kind: 'failed', isAmbiguous: failure.ambiguous, probed: null },
    event: eventOf(`xstate.error.actor.${activity}`, { error: failure, actorId: activity }),
    decision: null,
    isMadeUp: false,
  };
}

// What a failure leads to once the budget is spent, without counting up to it.
function lastAttemptMoves(
  definition: SagaDefinition,
  state: SagaState,
  activity: string,
  live: LiveActivity,
): readonly Move[] {
  const last = isCompiled(state) ? atLastAttempt(state, activity) : null;
  if (last === null) return [];
  const failed = FAILURES.filter(({ failure }) => failure.retryable).map(({ label, failure }) =>
    failedMove(last, activity, live, label, failure),
  );
  const expired = timersThatFire(definition, last)
    .filter(([id]) => {
      const role = definition.timers.get(id);
      return role?.kind === 'attempt-timeout' && role.activity === activity;
    })
    .map(([id, timer]) => timerMove(definition, last, id, timer));
  return [...failed, ...expired].map((move) => ({
    ...move,
    label: `${move.label}, no attempt left`,
  }));
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
    decision: null,
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

// The others (pause, resume, edit-context, terminate), and what settles a machine that has ended,
// are the engine's: no path of the drawing.
function machineCommands(state: SagaState): readonly MachineCommand[] {
  if (hasEndedUnsettled(state)) return [];
  return legalCommands(state).filter(isMachineCommand);
}

type MachineCommand = keyof typeof COMMAND_EVENTS;

function isMachineCommand(name: CommandName): name is MachineCommand {
  return Object.hasOwn(COMMAND_EVENTS, name);
}

function decisionOf({ status }: SagaState, name: MachineCommand): Decision | null {
  if (name === 'skip' || name === 'accept-partial') return name;
  return name === 'compensate' && status === 'failed' ? 'never-happened' : null;
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
    event: { type: COMMAND_EVENTS[name] },
    decision: decisionOf(state, name),
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
    decision: state.status === 'failed' ? 'vouch' : null,
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
