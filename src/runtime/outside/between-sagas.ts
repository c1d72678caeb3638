/**
 * What sagas do to each other, as ports over the engine: messages to other sagas, child sagas.
 *
 * Invariant: nothing reaches a saga before the engine has recovered: until then its actor is still
 * to be made.
 */
import type { Supervisor } from '../actor/supervisor.ts';
import type { SagaCalls } from '../saga-calls.ts';
import type { SagaStarter } from '../starts/saga-starter.ts';
import type { Logger } from '../../host/turn-log.ts';
import { ORDERED_BY_PARENT } from '../../host/outside/child-ends.ts';
import type { ChildPorts, ChildSagas } from './child-sagas.ts';
import type { MessageCourier } from './message-courier.ts';
import type { SagaPorts } from './message-receiver.ts';

/** The engine's parts; each is looked up when it is needed, since they need each other. */
export interface BetweenSagas {
  readonly recovered: Promise<void>;
  readonly sagas: Pick<SagaCalls, 'send' | 'tell' | 'state' | 'command'>;
  readonly supervisor: Pick<Supervisor, 'actor'>;
  readonly logger: Pick<Logger, 'warn'>;
  starter(): Pick<SagaStarter, 'spawnChild'>;
  children(): Pick<ChildSagas, 'end' | 'started'>;
  courier(): Pick<MessageCourier, 'delivered'>;
}

/** What the courier needs. */
export function messagePorts({ recovered, sagas, children }: BetweenSagas): SagaPorts {
  return {
    send: async (id, event, eventId) => {
      await recovered;
      await sagas.send(id, event, { eventId });
    },
    tell: async (id, told) => {
      await recovered;
      await sagas.tell(id, told);
    },
    end: (id, name) => children().end(id, name),
    started: (id) => children().started(id),
    state: (id) => sagas.state(id),
  };
}

/** What parents need for their children. */
export function childPorts(parts: BetweenSagas): ChildPorts {
  const { recovered, sagas, supervisor, logger, starter, courier } = parts;
  return {
    spawn: (definition, child) => starter().spawnChild(definition, child),
    state: (id) => sagas.state(id),
    command: async (id, name, reason) => {
      await recovered;
      await sagas.command(id, { name, reason, by: ORDERED_BY_PARENT });
    },
    delivered: (id) => courier().delivered(id),
    report: (sid, activity, token, outcome) =>
      supervisor.actor(sid).tell({ kind: 'result', activity, token, outcome }),
    warn: (details, message) => logger.warn(details, message),
  };
}
