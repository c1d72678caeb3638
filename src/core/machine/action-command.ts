/**
 * What XState lists as actions of a transition, read as commands: plain data that survives JSON.
 *
 * Refuses, with the place and the cure, what no check of the drawing could see. Must never run an
 * action.
 */
import { type AnyStateMachine, createActor, createMachine, type EventObject } from 'xstate';
import { BackstepError } from '../errors.ts';
import { delayNumber } from './machine-delays.ts';

/** What a transition commands, in the order XState lists it. */
export type Command =
  | { readonly kind: 'invoke'; readonly id: string; readonly src: string; readonly input: unknown }
  | { readonly kind: 'stop'; readonly id: string }
  | {
      readonly kind: 'delay';
      readonly id: string | undefined;
      readonly delayMs: number;
      readonly event: EventObject;
    }
  | { readonly kind: 'cancel-delay'; readonly id: string }
  /** To the parent saga, or to the child that was started under this id. */
  | { readonly kind: 'send'; readonly to: Receiver; readonly event: EventObject }
  | { readonly kind: 'emit'; readonly event: EventObject };

/** Another saga that an event is sent to. */
type Receiver = { readonly kind: 'parent' } | { readonly kind: 'child'; readonly id: string };

/** What a machine sends to itself: taken within the same turn, never seen outside. */
export interface SelfSend {
  readonly kind: 'self-send';
  readonly event: EventObject;
}

/** An element of what a transition of XState returns. */
export interface ExecutableAction {
  readonly type: string;
  readonly params: unknown;
}

/** Stands for the parent saga where a machine sends to it. */
export const PARENT = createActor(createMachine({}));

/** The command of an action; `null` for one that asks for nothing. `self`: who runs the machine. */
export function toCommand(
  machine: AnyStateMachine,
  self: unknown,
  action: ExecutableAction,
): Command | SelfSend | null {
  const params = readParams(action);
  switch (action.type) {
    case 'xstate.spawnChild':
      return toInvoke(machine, params);
    case 'xstate.stopChild':
      // Its `params` is the child's reference itself; absent when there was no such child.
      return typeof params['id'] === 'string' ? { kind: 'stop', id: params['id'] } : null;
    case 'xstate.raise':
      // Without a delay it is already consumed.
      if (params['delay'] === undefined) return null;
      return {
        kind: 'delay',
        id: typeof params['id'] === 'string' ? params['id'] : undefined,
        delayMs: delayNumber(machine, String(params['id']), params['delay']),
        event: toEvent(params['event']),
      };
    case 'xstate.cancel':
      return { kind: 'cancel-delay', id: String(params['sendId']) };
    case 'xstate.sendTo':
      return toSend(machine, self, params);
    case 'xstate.emit':
      return { kind: 'emit', event: toEvent(params['event']) };
    case 'xstate.log':
      return null;
    default:
      throw new BackstepError(
        'definition-invalid',
        `machine "${machine.id}": action "${action.type}" cannot run durably; ` +
          'put the side effect into an invoked activity',
      );
  }
}

function toInvoke(machine: AnyStateMachine, params: Record<string, unknown>): Command {
  const { id, src, input } = params;
  if (typeof src !== 'string' || typeof id !== 'string') {
    throw new BackstepError(
      'definition-invalid',
      `machine "${machine.id}": an actor was started without a name; ` +
        'give src the name of an activity and an explicit id',
    );
  }
  return { kind: 'invoke', id, src, input };
}

function toSend(
  machine: AnyStateMachine,
  self: unknown,
  params: Record<string, unknown>,
): Command | SelfSend {
  const { to, targetId, delay } = params;
  if (delay !== undefined) {
    throw new BackstepError(
      'definition-invalid',
      `machine "${machine.id}": an event is sent with a delay; ` +
        'raise it with the delay, or wait in a state with a named delay, then send',
    );
  }
  const event = toEvent(params['event']);
  if (to === self) return { kind: 'self-send', event };
  if (to === PARENT) return { kind: 'send', to: { kind: 'parent' }, event };
  const id = typeof targetId === 'string' ? targetId : typeof to === 'string' ? to : idOf(to);
  if (id !== null) return { kind: 'send', to: { kind: 'child', id }, event };
  throw new BackstepError(
    'definition-invalid',
    `machine "${machine.id}": "${event.type}" is sent to somebody who is neither the parent saga ` +
      'nor a child; name the child by its id',
  );
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
