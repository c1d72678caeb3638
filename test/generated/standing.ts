/** How a saga stands, as anybody sees who knows what can reach it. */
import type { SagaDefinition } from '../../src/core/define/definition.ts';
import { COMMAND_EVENTS, legalCommands, legalEvents } from '../../src/core/turn/legal.ts';
import { hasLiveActivity, isOver, type SagaState } from '../../src/core/state.ts';

/** True for an end that asks for a person although no person led there. */
export function hasGivenUpByItself({ snapshot, status, resolution }: SagaState): boolean {
  const isGivenUp = status === 'compensation_failed' || status === 'failed';
  return snapshot.status === 'done' && isGivenUp && resolution === null;
}

/** True where nothing is under way, nothing will be, and nobody can do anything about it. */
export function standsStill(definition: SagaDefinition, state: SagaState): boolean {
  if (isOver(state) || state.snapshot.status !== 'active') return false;
  const isMoving = hasLiveActivity(state.live) || timersThatFire(definition, state).length > 0;
  return !isMoving && waysOn(state).length === 0;
}

// The time-out of an attempt runs only while its activity does.
export function timersThatFire({ timers }: SagaDefinition, { live }: SagaState) {
  return Object.entries(live.timers).filter(([id]) => {
    const role = timers.get(id);
    return role?.kind !== 'attempt-timeout' || live.activities[role.activity] !== undefined;
  });
}

/** Everything from outside that the machine itself would take. */
export function waysOn(state: SagaState) {
  const isCommand = (name: string): name is keyof typeof COMMAND_EVENTS =>
    Object.hasOwn(COMMAND_EVENTS, name);
  return [
    ...legalEvents(state).map((type) => ({ kind: 'event', type }) as const),
    ...legalCommands(state)
      .filter(isCommand)
      .map((name) => ({ kind: 'command', name }) as const),
  ];
}

/** The steps that wait for their next attempt, or for that of their compensation. */
export function retryingIn({ timers, invokes }: SagaDefinition, { live }: SagaState) {
  const steps = Object.keys(live.timers).flatMap((timer) => {
    const role = timers.get(timer);
    return role?.kind === 'retry' ? [invokes.get(role.activity)?.step] : [];
  });
  return (step: string): boolean => steps.includes(step);
}
