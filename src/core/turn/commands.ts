/**
 * Turns that a person or program orders, and what happens while a saga stands still.
 *
 * Pure, like every turn. A parked or paused saga is frozen: what was live stays recorded, so that
 * it goes on from there with the same tokens and keys.
 */
import type { EventObject } from 'xstate';
import { identityOf, note, react } from './advance.ts';
import type { SagaDefinition } from '../define/definition.ts';
import { keepOrRefuse } from './early-events.ts';
import { stopEffects } from './effects.ts';
import { BackstepError } from '../errors.ts';
import { goOn, turnFromParked } from './go-on.ts';
import type { CommandName, Inbound, OperatorCommand, Turn } from './inbound.ts';
import { recordOf } from '../history/journal-record.ts';
import { keepContext } from '../json.ts';
import { endAttempts, settleRetries } from './ledger-turn.ts';
import { canTake, COMMAND_EVENTS, hasEndedUnsettled, isLegal, legalCommands } from './legal.ts';
import { NOTHING_LIVE } from './live.ts';
import { statusOf } from '../machine/saga-status.ts';
import { withContext } from '../machine/macrostep/scope.ts';
import { giveUpEntries, withoutDoubt } from './skip.ts';
import type { Decision, SagaState } from '../state.ts';
import { isUnstarted } from './waiting-room.ts';

type Command = Extract<Inbound, { kind: 'command' }>;
type Park = Extract<Inbound, { kind: 'park' }>;

/**
 * The turn of a command. Throws `input-invalid` for a context that may not be edited so, and what
 * the machine's own code throws.
 */
export function onCommand(
  definition: SagaDefinition,
  state: SagaState,
  inbound: Command,
  nowMs: number,
): Turn {
  const { command } = inbound;
  const { name } = command;
  if (!isLegal(state, name)) return refusal(state);
  switch (name) {
    case 'terminate':
      return terminate(definition, state, inbound, nowMs);
    case 'pause':
      return pause(state, inbound, nowMs);
    case 'resume':
      return goOn(definition, state, inbound, nowMs);
    case 'edit-context':
      return editContext(definition, state, inbound, nowMs);
    case 'retry': {
      const edited = command.context === undefined ? state : edit(definition, state, command);
      if (state.status === 'parked') return goOn(definition, edited, inbound, nowMs);
      return toMachine(definition, edited, inbound, name, nowMs);
    }
    case 'skip':
    case 'accept-partial':
      return giveUp(definition, state, inbound, name, nowMs);
    case 'compensate':
    case 'cancel':
      return turnBack(definition, state, inbound, name, nowMs);
  }
}

/** Freezes a saga that the engine cannot go on with. */
export function park(state: SagaState, inbound: Park, nowMs: number): Turn {
  return freeze(state, inbound, 'parked', 'park', nowMs);
}

/** The turn of anything that reaches a parked or paused saga. */
export function whileStill(
  definition: SagaDefinition,
  state: SagaState,
  inbound: Exclude<Inbound, { kind: 'start' | 'told' }>,
  nowMs: number,
): Turn {
  switch (inbound.kind) {
    case 'command':
      return onCommand(definition, state, inbound, nowMs);
    case 'event':
      return keepOrRefuse(definition, state, inbound, nowMs);
    case 'park':
    case 'admit':
    case 'migrate':
    case 'result':
    case 'timer':
    case 'interrupted':
    case 'move':
      return note(
        state,
        inbound,
        nowMs,
        `the saga is ${state.status}: nothing moves until a person decides`,
      );
  }
}

function toMachine(
  definition: SagaDefinition,
  state: SagaState,
  inbound: Command,
  name: keyof typeof COMMAND_EVENTS,
  nowMs: number,
  said: Pick<OperatorCommand, 'reason' | 'step'> = inbound.command,
): Turn {
  const event = eventOf(name, said);
  // The command may be legal for another step than the one that was named.
  if (!canTake(state, event)) return refusal(state);
  return react(definition, state, state.live, { inbound, event, nowMs });
}

function eventOf(
  name: keyof typeof COMMAND_EVENTS,
  { reason, step }: Pick<OperatorCommand, 'reason' | 'step'>,
): EventObject {
  const event: EventObject & Record<string, unknown> = { type: COMMAND_EVENTS[name] };
  if (reason !== undefined) event['reason'] = reason;
  if (step !== undefined) event['step'] = step;
  return event;
}

// From where the saga stands, or stood when it was parked.
function turnBack(
  definition: SagaDefinition,
  state: SagaState,
  inbound: Command,
  name: 'compensate' | 'cancel',
  nowMs: number,
): Turn {
  // By `compensate` past the pivot a person says that what is in doubt there never happened.
  const settled = name === 'compensate' ? withoutDoubt : (same: SagaState): SagaState => same;
  if (state.status !== 'parked') return toMachine(definition, settled(state), inbound, name, nowMs);
  const standing = settled({ ...state, status: statusOf(state.snapshot) });
  const event = eventOf(name, inbound.command);
  if (!canTake(standing, event)) return refusal(state);
  return turnFromParked(definition, standing, { inbound, event, nowMs }) ?? refusal(state);
}

/**
 * Gives one thing up, or all that is left. The machine hears which, so that of several that wait
 * for a person only that one goes on.
 *
 * The ledger first: what the machine starts next must not find the step it gave up still owed.
 */
function giveUp(
  definition: SagaDefinition,
  state: SagaState,
  inbound: Command,
  name: 'skip' | 'accept-partial',
  nowMs: number,
): Turn {
  const { by, reason, step, context } = inbound.command;
  const edited = context === undefined ? state : edit(definition, state, inbound.command);
  const decision: Decision = { by: by ?? null, reason: reason ?? null };
  const { steps, which } = giveUpEntries(edited, name, step, decision);
  const settled = { ...edited, steps };
  if (hasEndedUnsettled(state)) return settle(state, settled, inbound, decision, nowMs);
  const named = which === null ? inbound.command : { ...inbound.command, step: which };
  return toMachine(definition, settled, inbound, name, nowMs, named);
}

// The machine has ended and takes no event: the decision alone ends the saga.
function settle(
  before: SagaState,
  settled: SagaState,
  inbound: Command,
  decision: Decision,
  nowMs: number,
): Turn {
  const resolution = { atMs: nowMs, ...decision };
  const next: SagaState = { ...settled, seq: before.seq + 1, resolution };
  const record = recordOf(before, next, { inbound, event: inbound.command.name, nowMs });
  return { kind: 'advanced', state: next, effects: [], record };
}

function terminate(
  definition: SagaDefinition,
  state: SagaState,
  inbound: Command,
  nowMs: number,
): Turn {
  const endings = { inbound, before: state.live, left: state.live, kept: NOTHING_LIVE, nowMs };
  const ended = endAttempts(definition, state.steps, endings);
  const next: SagaState = {
    ...state,
    seq: state.seq + 1,
    status: 'terminated',
    live: NOTHING_LIVE,
    early: [],
    steps: settleRetries(definition, ended, NOTHING_LIVE),
    parkReason: null,
  };
  const record = recordOf(state, next, { inbound, event: 'terminate', nowMs });
  const effects = stopEffects(state.live, NOTHING_LIVE, 'terminate');
  return { kind: 'advanced', state: next, effects, record };
}

function pause(state: SagaState, inbound: Command, nowMs: number): Turn {
  return freeze(state, inbound, 'paused', 'pause', nowMs);
}

// Attempts are aborted; child sagas live on, and are looked at again when this one goes on.
function freeze(
  state: SagaState,
  inbound: Command | Park,
  status: 'parked' | 'paused',
  event: string,
  nowMs: number,
): Turn {
  const parkReason = inbound.kind === 'park' ? inbound.failure : null;
  const next: SagaState = { ...state, seq: state.seq + 1, status, parkReason };
  const record = recordOf(state, next, { inbound, event, nowMs });
  const effects = stopEffects(state.live, NOTHING_LIVE, 'keep');
  return { kind: 'advanced', state: next, effects, record };
}

function editContext(
  definition: SagaDefinition,
  state: SagaState,
  inbound: Command,
  nowMs: number,
): Turn {
  const next = { ...edit(definition, state, inbound.command), seq: state.seq + 1 };
  const record = recordOf(state, next, { inbound, event: 'edit-context', nowMs });
  return { kind: 'advanced', state: next, effects: [], record };
}

function edit(
  definition: SagaDefinition,
  state: SagaState,
  { context: members }: OperatorCommand,
): SagaState {
  const known = state.snapshot.context as Readonly<Record<string, unknown>>;
  // Before a saga begins its context is the engine's: its input, and what the start waits for.
  const editable = isUnstarted(state) ? [] : (definition.editable ?? Object.keys(known));
  const given = Object.keys(members ?? {});
  const unknown = given.filter((name) => !editable.includes(name));
  if (given.length === 0 || unknown.length > 0) {
    const what = given.length === 0 ? 'nothing to change was given' : `not ${unknown.join(', ')}`;
    const place = editable.length === 0 ? 'nothing, for it has not begun' : editable.join(', ');
    const message = `the context of saga ${state.id} may be edited in ${place}; ${what}`;
    const issues = [{ path: 'context', message, isTypeError: false }];
    throw new BackstepError('input-invalid', message, { issues });
  }
  const edited = { ...known, ...members };
  const context = keepContext(edited, `saga "${definition.id}": edited context`);
  const snapshot = withContext(state.snapshot, identityOf(state), context, state.live.activities);
  return { ...state, snapshot };
}

function refusal(state: SagaState): Turn {
  const legal: readonly CommandName[] = legalCommands(state);
  return { kind: 'refused', reason: 'not-accepted', legal };
}
