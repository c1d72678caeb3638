/**
 * What XState lists as actions of a transition, read as commands: plain data that survives JSON.
 *
 * Refuses, with the place and the cure, what no check of the drawing could see. Must never run an
 * action.
 */
import { type AnyStateMachine, createActor, createMachine, type EventObject } from 'xstate';
import { BackstepError } from '../../errors.ts';
import { nameOfSrc } from '../actors/actor-facts.ts';
import { nameOfAction } from '../custom-actions.ts';
import { PARENT_ID, type SteppedState } from '../actors/actor-ref.ts';
import { delayNumber } from '../machine-delays.ts';

/** What a transition commands, in the order XState lists it. */
export type Command =
  | {
      readonly kind: 'invoke';
      readonly id: string;
      readonly src: string;
      readonly input: unknown;
      readonly systemId?: string;
      /** The machine hears of every snapshot of the actor. */
      readonly isSynced?: true;
    }
  | { readonly kind: 'stop'; readonly id: string }
  | {
      readonly kind: 'delay';
      readonly id: string | undefined;
      readonly delayMs: number;
      readonly event: EventObject;
      /** Who the event is sent to when it is due; absent: the machine itself. */
      readonly to?: Receiver;
    }
  | { readonly kind: 'cancel-delay'; readonly id: string }
  /** To the parent saga, or to the child that was started under this id. */
  | { readonly kind: 'send'; readonly to: Receiver; readonly event: EventObject }
  | { readonly kind: 'emit'; readonly event: EventObject }
  | CustomAction;

/** A custom action to be run once the turn is durable, with what it was given in the step. */
export interface CustomAction {
  readonly kind: 'act';
  readonly action: string;
  readonly params: unknown;
  readonly context: unknown;
  readonly event: EventObject;
}

/** Another actor that an event is sent to. */
export type Receiver =
  { readonly kind: 'parent' } | { readonly kind: 'child'; readonly id: string };

/** What a machine sends to itself: taken within the same turn, never seen outside. */
export interface SelfSend {
  readonly kind: 'self-send';
  readonly event: EventObject;
}

/** An element of what a transition of XState returns. */
export interface ExecutableAction {
  readonly type: string;
  readonly params: unknown;
  /** What a custom action is given, and its function, where somebody wrote one. */
  readonly info?: { readonly context: unknown; readonly event: EventObject };
  readonly exec?: unknown;
}

/** Stands for the parent saga where a machine sends to it. */
export const PARENT = createActor(createMachine({}));

/** Where in a machine a step stands, for a refusal: `machine "trip", in "booking" on "GO"`. */
export type Where = () => string;

/** The command of an action; `null` for one that asks for nothing. `self`: who runs the machine. */
export function toCommand(
  machine: AnyStateMachine,
  self: unknown,
  action: ExecutableAction,
  where: Where,
): Command | SelfSend | null {
  const params = readParams(action);
  switch (action.type) {
    case 'xstate.spawnChild':
      return toInvoke(machine, params['actorRef'], params['src'], where);
    case 'xstate.stopChild':
      // Its `params` is the child's reference itself; absent when there was no such child.
      return typeof params['id'] === 'string' ? { kind: 'stop', id: params['id'] } : null;
    case 'xstate.raise':
      // Without a delay it is already consumed.
      if (params['delay'] === undefined) return null;
      return toDelay(machine, params, toEvent(params['event']));
    case 'xstate.cancel':
      return { kind: 'cancel-delay', id: String(params['sendId']) };
    case 'xstate.sendTo':
      return toSend(machine, self, params, where);
    case 'xstate.emit':
      return { kind: 'emit', event: toEvent(params['event']) };
    case 'xstate.log':
      return null;
    default:
      return toAct(machine, action, where);
  }
}

function toAct(
  machine: AnyStateMachine,
  { type, params, info, exec }: ExecutableAction,
  where: Where,
): Command {
  const action = nameOfAction(machine, type, exec);
  if (action === null || info === undefined) {
    throw new BackstepError(
      'definition-invalid',
      `${where()}: the action "${type}" is made at run time, so that no restart would ` +
        'find it again; name it in setup({ actions })',
    );
  }
  const { context, event } = info;
  return { kind: 'act', action, params, context, event: toEvent(event) };
}

/** An actor as XState makes it and never starts it. */
interface UnstartedActor {
  readonly id: string;
  readonly src: unknown;
  readonly systemId: string | undefined;
  readonly options: {
    readonly input?: unknown;
    readonly syncSnapshot?: boolean;
    readonly parent?: unknown;
  };
  getSnapshot(): SteppedState;
}

/** The command to start an actor. Throws `definition-invalid` where its logic has no name. */
export function toInvoke(
  machine: AnyStateMachine,
  actor: unknown,
  src: unknown,
  where: Where,
): Command {
  const made = asUnstarted(actor);
  const name = nameOfSrc(machine, made?.src ?? src);
  if (made === null || name === null) {
    const what =
      typeof src === 'string'
        ? `the unknown actor "${src}" was started`
        : 'an actor was started from logic without a name, which no restart would find again';
    throw new BackstepError(
      'definition-invalid',
      `${where()}: ${what}; add it to setup({ actors }), or to the machine with ` +
        'machine.provide({ actors })',
    );
  }
  const { id, systemId, options } = made;
  return {
    kind: 'invoke',
    id,
    src: name,
    input: options.input,
    ...(systemId === undefined ? {} : { systemId }),
    ...(options.syncSnapshot === true ? { isSynced: true } : {}),
  };
}

/** The actor that XState has made; `null` where it had no logic to make one of. */
export function asUnstarted(actor: unknown): UnstartedActor | null {
  const isMade = actor !== null && typeof actor === 'object' && 'options' in actor;
  return isMade ? (actor as UnstartedActor) : null;
}

function toDelay(
  machine: AnyStateMachine,
  { id, delay }: Record<string, unknown>,
  event: EventObject,
): Command & { kind: 'delay' } {
  return {
    kind: 'delay',
    id: typeof id === 'string' ? id : undefined,
    delayMs: delayNumber(machine, String(id), delay),
    event,
  };
}

function toSend(
  machine: AnyStateMachine,
  self: unknown,
  params: Record<string, unknown>,
  where: Where,
): Command | SelfSend {
  const event = toEvent(params['event']);
  const to = receiverOf(self, params['to']);
  if (to === null) {
    throw new BackstepError(
      'definition-invalid',
      `${where()}: "${event.type}" is sent to somebody who is neither the parent saga ` +
        'nor a child; name the child by its id',
    );
  }
  const { delay } = params;
  if (delay === undefined) {
    return to === 'self' ? { kind: 'self-send', event } : { kind: 'send', to, event };
  }
  const delayed = toDelay(machine, params, event);
  return to === 'self' ? delayed : { ...delayed, to };
}

/** Who a reference or an id stands for, as seen from `self`; `null`: nobody known. */
export function receiverOf(self: unknown, to: unknown): Receiver | 'self' | null {
  if (to === self) return 'self';
  if (to === PARENT) return { kind: 'parent' };
  // An id stands for an actor that is started in the same step.
  const id = typeof to === 'string' ? to : idOf(to);
  if (id === PARENT_ID) return { kind: 'parent' };
  return id === null ? null : { kind: 'child', id };
}

function idOf(actor: unknown): string | null {
  if (actor === null || typeof actor !== 'object' || !('id' in actor)) return null;
  return typeof actor.id === 'string' ? actor.id : null;
}

function readParams(action: ExecutableAction): Record<string, unknown> {
  const { params } = action;
  return params !== null && typeof params === 'object' ? (params as Record<string, unknown>) : {};
}

/** A copy of an event object. Throws `definition-invalid` for anything else. */
export function toEvent(value: unknown): EventObject {
  if (value !== null && typeof value === 'object' && 'type' in value) {
    return { ...value, type: String(value.type) };
  }
  throw new BackstepError('definition-invalid', 'an event without a type was raised or emitted');
}
