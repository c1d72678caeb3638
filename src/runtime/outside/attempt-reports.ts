/** How what becomes of attempts, and what actors in memory say, reaches their sagas. */
import type { AttemptReports } from '../../host/outside/activity-runner.ts';
import type { SagaActor } from '../actor/saga-actor.ts';
import type { Supervisor } from '../actor/supervisor.ts';
import type { Limits } from '../../host/limits.ts';
import type { SagaTelemetry } from '../../host/telemetry/saga-telemetry.ts';
import type { Logger } from '../../host/turn-log.ts';
import type { ListenerPorts } from './listeners.ts';

/** Tells each report to the actor of its saga. */
export function attemptReports(
  supervisor: Pick<Supervisor, 'actor' | 'isBackground'>,
  telemetry: Pick<SagaTelemetry, 'answered'>,
): AttemptReports {
  const actorOf = (sid: number): SagaActor => supervisor.actor(sid);
  return {
    isBackground: ({ run }) => supervisor.isBackground(run),
    onAnswer: (task, durationMs) => telemetry.answered(task, durationMs),
    onOutcome: ({ run, effect: { activity, token } }, outcome, plan) =>
      actorOf(run).tell({ kind: 'result', activity, token, outcome }, plan?.statements),
    onLate: ({ run, effect: { activity, token, occurrence } }, outcome) =>
      actorOf(run).tell({ kind: 'result', activity, token, outcome, occurrence }),
    onTimeout: ({ run, effect: { token } }, timer) =>
      actorOf(run).tell({ kind: 'timer', timer, token }),
  };
}

/** What actors in memory need: a saga with a full mailbox takes no more from them. */
export function listenerPorts(
  actorOf: (sid: number) => SagaActor,
  { mailboxEvents }: Pick<Limits, 'mailboxEvents'>,
  logger: Logger,
): ListenerPorts {
  return {
    tell: (sid, inbound) => {
      const actor = actorOf(sid);
      if (inbound.kind === 'told' && actor.waiting >= mailboxEvents) return false;
      actor.tell(inbound);
      return true;
    },
    warn: (details, message) => logger.warn(details, message),
  };
}
