/** How what becomes of attempts reaches their sagas. */
import type { AttemptReports } from './activity-runner.ts';
import type { SagaActor } from '../actor/saga-actor.ts';

/** Tells each report to the actor of its saga. */
export function attemptReports(actorOf: (sid: number) => SagaActor): AttemptReports {
  return {
    onOutcome: ({ sid, effect: { activity, token } }, outcome, plan) =>
      actorOf(sid).tell({ kind: 'result', activity, token, outcome }, plan?.statements),
    onLate: ({ sid, effect: { activity, token, occurrence } }, outcome) =>
      actorOf(sid).tell({ kind: 'result', activity, token, outcome, occurrence }),
    onTimeout: ({ sid, effect: { token } }, timer) =>
      actorOf(sid).tell({ kind: 'timer', timer, token }),
  };
}
