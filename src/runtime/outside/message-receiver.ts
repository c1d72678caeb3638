/**
 * Who gets a message of the outbox: the subscriber of an emitted event, or another saga.
 */
import { BackstepError } from '../../core/errors.ts';
import type { Inbound } from '../../core/turn/inbound.ts';
import { isOver, type SagaState } from '../../core/state.ts';
import type { PendingMessage } from '../../store/store.ts';
import type { Subscriber } from '../../host/backstep.ts';
import type { SendToSaga } from '../../host/outside/action-receiver.ts';
import type { ReceiverOf } from './message-courier.ts';
import { receiverOutside } from '../../host/outside/receivers.ts';
import {
  type ChildEnd,
  type SagaMessage,
  sagaMessageOf,
} from '../../host/outside/outbox-messages.ts';
import type { Registry } from '../../host/registry.ts';

/** What this needs of the engine. */
export interface SagaPorts {
  readonly send: SendToSaga;
  readonly tell: (id: string, told: Extract<Inbound, { kind: 'told' }>) => Promise<unknown>;
  /** Tells a child saga to end that its parent has left, or may have left. */
  end(id: string, command: ChildEnd['command']): Promise<void>;
  /** Resolves when a start of that child that is under way is through. */
  started(id: string): Promise<void>;
  state(id: string): Promise<SagaState | null>;
}

/** Finds the receiver of a message. */
export function receiverOf(registry: Registry, sagas: SagaPorts): ReceiverOf {
  return (message) => {
    const told = sagaMessageOf(message);
    return told === null
      ? receiverOutside(registry, message, sagas.send)
      : { kind: 'subscriber', call: sagaReceiver(message, told, sagas) };
  };
}

// As between actors of XState: what the other one does not take, or what comes after its end, is
// not heard. The message's own id makes a second delivery harmless.
function sagaReceiver(
  { id, sagaId }: PendingMessage,
  told: SagaMessage,
  sagas: SagaPorts,
): Subscriber {
  if (told.kind === 'end-children') {
    return async () => {
      for (const child of told.children) await sagas.end(child.id, child.command);
    };
  }
  const { to, event, shows } = told;
  return async () => {
    await sagas.started(to);
    try {
      const eventId = `message-${id}`;
      if (shows === undefined) await sagas.send(to, event, eventId);
      else await sagas.tell(to, { kind: 'told', ...shows, event, id: eventId });
    } catch (error) {
      if (!(error instanceof BackstepError)) throw error;
      // A message that the receiver does not understand is dropped: no later try would mend that.
      if (error.code === 'not-legal' || error.code === 'input-invalid') return;
      if (error.code !== 'not-found' || (await isStarting(sagaId, to, sagas))) throw error;
    }
  };
}

// A child that its parent has commanded but that is not there yet; any other is gone for good.
async function isStarting(parentId: string, childId: string, sagas: SagaPorts): Promise<boolean> {
  const parent = await sagas.state(parentId);
  if (parent === null || isOver(parent)) return false;
  return Object.values(parent.live.activities).some((activity) => activity.childId === childId);
}
