/**
 * What can happen to a saga next: every outcome of every live activity, every timer, every event
 * and command that is accepted, as inbounds of the real core.
 *
 * Invariant: no move carries a time or chance of its own; a timer fires at its due time, anything
 * else at time zero, and no order among timers is assumed.
 */
import type { SagaDefinition } from '../../core/define/definition.ts';
import type { CommandName } from '../../core/turn/inbound.ts';
import {
  COMMAND_EVENTS,
  hasEndedUnsettled,
  legalCommands,
  legalEvents,
} from '../../core/turn/legal.ts';
import type { SagaState } from '../../core/state.ts';
import { attemptMoves } from './attempt-moves.ts';
import type { Decision } from './decisions.ts';
import { isCompiled } from '../identity.ts';
import { type ExampleValues, samplesOf } from '../values/examples.ts';
import { type Move, numbered, START_MS, timerMove, timersThatFire } from './move.ts';

/** Every move that is possible in this state. Throws what a guard throws on an event. */
export function movesOf(
  definition: SagaDefinition,
  state: SagaState,
  examples: ExampleValues,
): readonly Move[] {
  return [
    ...attemptMoves(definition, state, examples),
    ...timersThatFire(definition, state).map(([id, timer]) =>
      timerMove(definition, state, id, timer),
    ),
    ...commandMoves(state),
    ...legalEvents(state).flatMap((type) => eventMoves(state, type, examples)),
  ];
}

/** Anything from outside that the machine would take here; guards on events aside. */
export function hasWayOn(state: SagaState): boolean {
  return legalEvents(state).length > 0 || machineCommands(state).length > 0;
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
  return machineCommands(state).flatMap((name) => [
    commandMove(state, name, null),
    ...namedIn(state, name).map((step) => commandMove(state, name, step)),
  ]);
}

function commandMove(state: SagaState, name: MachineCommand, step: string | null): Move {
  const named = step === null ? {} : { step };
  return {
    label: ['command', name, ...(step === null ? [] : [step])].join(' '),
    drive: 'outside',
    subject: name,
    inbound: { kind: 'command', command: { name, ...named } },
    from: state,
    nowMs: START_MS,
    answer: null,
    event: { type: COMMAND_EVENTS[name], ...named },
    decision: decisionOf(state, name),
    step,
    isMadeUp: false,
  };
}

// Of several steps of a built saga that failed, a person may name one. See `identityOf`, which
// counts on it.
function namedIn(state: SagaState, name: MachineCommand): readonly string[] {
  if ((name !== 'skip' && name !== 'retry') || !isCompiled(state)) return [];
  const failed = state.steps.filter(
    ({ status }) =>
      status === 'failed' || status === 'in_doubt' || status === 'compensation_failed',
  );
  const names = [...new Set(failed.map((entry) => entry.name))];
  return names.length > 1 ? names : [];
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
    step: null,
    isMadeUp: examples.eventsOf(type).from === 'made up',
  }));
}
