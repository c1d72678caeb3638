/**
 * Runs custom actions of a machine: its own functions, or the subscribers that were bound in their
 * place, once the turn that asks for them is durable, at least once.
 *
 * An action that throws is tried again, like any subscriber; its saga does not hear of it.
 */
import type { EventObject } from 'xstate';
import { BackstepError } from '../../core/errors.ts';
import { customActionsOf } from '../../core/machine/custom-actions.ts';
import { revived } from '../../core/machine/machine-values.ts';
import type { Subscriber } from '../backstep.ts';
import type { Registration } from '../registry.ts';
import { absent } from './absent.ts';
import type { OutgoingMessage, Receiver } from './delivery.ts';
import type { PendingAction } from './outbox-messages.ts';

/** Sends an event to a saga, once per id. */
export type SendToSaga = (id: string, event: EventObject, eventId: string) => Promise<unknown>;

type Run = (scene: object, params: unknown) => unknown;

/** Who runs the action. */
export function actionReceiver(
  { definition, subscribers }: Registration,
  asked: PendingAction,
  message: OutgoingMessage,
  send: SendToSaga,
): Receiver {
  const { action } = asked;
  const given = revived({ params: asked.params, context: asked.context, event: asked.event });
  const bound = subscribers.get(action);
  if (bound !== undefined) {
    const call: Subscriber = (_, delivery) => bound({ type: action, ...given }, delivery);
    return { kind: 'subscriber', call };
  }
  const own = customActionsOf(definition.machine).get(action);
  if (typeof own !== 'function') {
    return { kind: 'unheard', subscribed: [...subscribers.keys()] };
  }
  const { params, context, event } = given;
  return {
    kind: 'subscriber',
    call: async () => {
      const sent: Promise<unknown>[] = [];
      const self = selfOf(message, sent, send);
      await (own as Run)({ context, event, self, system: absent('system', {}, CURE) }, params);
      await Promise.all(sent);
    },
  };
}

// What an action sends to its own machine arrives after the turn, as under XState's own
// interpreter; a second run of the action sends under the same ids.
function selfOf({ id, sagaId }: OutgoingMessage, sent: Promise<unknown>[], send: SendToSaga) {
  const known = {
    id: sagaId,
    sessionId: sagaId,
    send: (event: EventObject) => {
      const eventId = `action-${id}-${sent.length + 1}`;
      sent.push(send(sagaId, event, eventId).catch(orUnheard));
    },
  };
  return absent('self', known, CURE);
}

const CURE = 'read the context and the event that the action is given';

function orUnheard(error: unknown): void {
  const isNotTaken =
    error instanceof BackstepError &&
    ['not-legal', 'input-invalid', 'not-found'].includes(error.code);
  if (!isNotTaken) throw error;
}
