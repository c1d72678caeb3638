/** Who hears what a saga says to the program around it: a subscriber, or a custom action. */
import { actionReceiver, type SendToSaga } from './action-receiver.ts';
import { actionIn } from './outbox-messages.ts';
import type { Registry } from '../registry.ts';
import type { OutgoingMessage, Receiver } from './delivery.ts';

/** The receiver of a message that is for no other saga. Throws `not-found`: nothing is registered. */
export function receiverOutside(
  registry: Registry,
  message: OutgoingMessage,
  send: SendToSaga,
): Receiver {
  const { type, event } = message;
  const action = actionIn(message);
  if (action !== null) {
    const isThere = registry.has(type, action.version);
    const registration = isThere ? registry.version(type, action.version) : registry.newest(type);
    return actionReceiver(registration, action, message, send);
  }
  const { subscribers } = registry.newest(type);
  const call = subscribers.get(event);
  return call === undefined
    ? { kind: 'unheard', subscribed: [...subscribers.keys()] }
    : { kind: 'subscriber', call };
}

/** The types that the saga has subscribers for, where none of them hears it; `null`: it has a receiver. */
export function unheardOf(
  registry: Registry,
  message: Pick<OutgoingMessage, 'type' | 'event' | 'data'>,
): readonly string[] | null {
  if (actionIn(message) !== null) return null;
  const { subscribers } = registry.newest(message.type);
  return subscribers.has(message.event) ? null : [...subscribers.keys()];
}
