/**
 * What a turn's commands make of what was live: applied in the order XState gave them, so that a
 * state entered and left within one turn leaves nothing behind.
 *
 * Pure. Invariant: what stays live survives JSON.
 */
import type { SagaDefinition } from '../define/definition.ts';
import { BackstepError } from '../errors.ts';
import { keepJson, type StandIn } from '../json.ts';
import { wholeDelay } from '../machine/machine-delays.ts';
import { asStored, givenToChild, leavingValue, machineValue } from '../machine/machine-values.ts';
import type { Receiver } from '../machine/macrostep/action-command.ts';
import type { Command } from '../machine/macrostep/scope.ts';
import type { Live, LiveTimer, TimerReceiver } from '../state.ts';
import { MESSAGES_PER_TURN } from './messages-per-turn.ts';
import { isAfter, unnamedTimerId } from '../machine/timer-ids.ts';

/**
 * Most events one turn may emit or send to other sagas. The last position is the engine's own, for
 * its orders to child sagas.
 */
const MAX_EMITTED_PER_TURN = MESSAGES_PER_TURN - 1;

/** A message that leaves the saga with the turn. */
export type Outgoing = Extract<Command, { kind: 'emit' | 'send' | 'act' }>;

/** An activity the machine commanded in this turn, not yet tied to the ledger. */
export interface Invocation {
  readonly id: string;
  readonly src: string;
  readonly input: unknown;
  readonly isSynced?: true;
}

/** The outcome of a turn's commands. */
export interface Rearrangement {
  /** What stays live from before, and the timers, new ones included. */
  readonly kept: Live;
  readonly invoked: readonly Invocation[];
  readonly outgoing: readonly Outgoing[];
}

/**
 * Applies commands in the order XState gave them: a state entered and left within one turn leaves
 * nothing behind.
 */
export function rearrange(
  definition: SagaDefinition,
  live: Live,
  commands: readonly Command[],
  { token, nowMs }: { readonly token: number; readonly nowMs: number },
): Rearrangement {
  let { activities, timers } = live;
  let invoked: readonly Invocation[] = [];
  const outgoing: Outgoing[] = [];
  const starting = startingIn(commands);
  for (const command of commands) {
    switch (command.kind) {
      case 'invoke':
        // The id may be that of an actor that still runs. The new one takes its place and the old
        // one is stopped: by that id nobody could reach or stop it any more.
        activities = without(activities, command.id);
        invoked = [
          ...invoked.filter(({ id }) => id !== command.id),
          {
            id: command.id,
            src: command.src,
            input: inputOf(definition, command),
            ...(command.isSynced === true ? { isSynced: true } : {}),
          },
        ];
        break;
      case 'stop':
        activities = without(activities, command.id);
        invoked = invoked.filter(({ id }) => id !== command.id);
        break;
      case 'delay': {
        const id = command.id ?? unnamedTimerId(command.event.type, token, timers);
        const to = receiverOf(command.to, { activities, starting, token });
        const isOwn = command.to === undefined;
        const standIn = isOwn
          ? machineValue
          : standInFor(definition, command.to, { activities, starting });
        const timer = armTimer(definition, id, command, { token, nowMs, standIn });
        timers = { ...timers, [id]: to === undefined ? timer : { ...timer, to } };
        break;
      }
      case 'cancel-delay':
        timers = without(timers, command.id);
        break;
      case 'emit':
      case 'send': {
        const { event } = command;
        const what = `${command.kind === 'emit' ? 'emitted' : 'sent'} event ${event.type}`;
        const to = command.kind === 'emit' ? undefined : command.to;
        const standIn = standInFor(definition, to, { activities, starting });
        const kept = keepJson(event, `saga "${definition.id}": ${what}`, standIn);
        outgoing.push({ ...command, event: asStored(kept) });
        break;
      }
      case 'act': {
        const at = `saga "${definition.id}": action "${command.action}"`;
        outgoing.push(keepJson(command, at, machineValue));
        break;
      }
    }
  }
  if (outgoing.length > MAX_EMITTED_PER_TURN) {
    throw new BackstepError(
      'definition-invalid',
      `saga "${definition.id}" emits ${outgoing.length} events in one turn; ` +
        `at most ${MAX_EMITTED_PER_TURN} are possible`,
    );
  }
  return { kept: { activities, timers }, invoked, outgoing };
}

// Without an input an actor of XState gets none; an activity of a built saga gets `null`.
function inputOf(
  { id, isBuilt, children }: SagaDefinition,
  { src, input }: Command & { kind: 'invoke' },
) {
  const standIn = Object.hasOwn(children, src) ? givenToChild : leavingValue;
  const kept = keepJson(input, `saga "${id}": input of ${src}`, standIn);
  return isBuilt ? (kept ?? null) : kept;
}

/** What may stand in what is sent to another actor, or, without `to`, to everybody. */
function standInFor(
  { children }: SagaDefinition,
  to: Receiver | undefined,
  { activities, starting }: UnderWay,
): StandIn {
  if (to?.kind !== 'child') return leavingValue;
  const src = starting.get(to.id) ?? activities[to.id]?.src;
  return src !== undefined && Object.hasOwn(children, src) ? givenToChild : leavingValue;
}

// A new object: one that has had a member deleted stays slow, for the encoder as well.
function without<Member>(
  members: Readonly<Record<string, Member>>,
  id: string,
): Readonly<Record<string, Member>> {
  if (members[id] === undefined) return members;
  return Object.fromEntries(Object.entries(members).filter(([key]) => key !== id));
}

interface UnderWay {
  readonly activities: Live['activities'];
  /** Names of the actors that start in this turn, by id. */
  readonly starting: ReadonlyMap<string, string>;
}

// The entry of a state comes before what the state invokes, and may send to it all the same.
function startingIn(commands: readonly Command[]): ReadonlyMap<string, string> {
  const starting = new Map<string, string>();
  for (const each of commands) if (each.kind === 'invoke') starting.set(each.id, each.src);
  return starting;
}

// Known by its token, so that another actor of the same id gets nothing that was meant for it.
function receiverOf(
  to: Receiver | undefined,
  { activities, starting, token }: UnderWay & { readonly token: number },
): TimerReceiver | undefined {
  if (to?.kind !== 'child') return to;
  if (starting.has(to.id)) return { ...to, token };
  const known = activities[to.id]?.token;
  return known === undefined ? to : { ...to, token: known };
}

function armTimer(
  definition: SagaDefinition,
  id: string,
  command: Extract<Command, { kind: 'delay' }>,
  { token, nowMs, standIn }: { token: number; nowMs: number; standIn: StandIn },
): LiveTimer {
  const delayMs = wholeDelay(definition.machine, id, command.delayMs);
  // The event of an `after` is XState's own and carries nothing.
  const isOwn = isAfter(id);
  const event = isOwn
    ? command.event
    : keepJson(
        command.event,
        `saga "${definition.id}": delayed event ${command.event.type}`,
        standIn,
      );
  const isAttemptTimeout = definition.timers.get(id)?.kind === 'attempt-timeout';
  return isAttemptTimeout ? { token, event, delayMs } : { token, event, dueMs: nowMs + delayMs };
}
