/** The event that tells a machine of the end of an actor that the host ran for it. */
import type { EventObject } from 'xstate';
import type { SagaDefinition } from '../define/definition.ts';
import { plainFailure } from '../failure.ts';
import type { AttemptOutcome } from './inbound.ts';
import { errorOf } from '../thrown.ts';

/**
 * A built saga gets a `Failure`, and `null` for an output that is missing. Any other machine gets
 * the error and the output as XState's own interpreter would give them.
 */
export function endOfActor(
  { isBuilt }: SagaDefinition,
  activity: string,
  outcome: AttemptOutcome,
): EventObject {
  if (outcome.kind === 'done') {
    const output = isBuilt ? (outcome.output ?? null) : outcome.output;
    return eventOf(`xstate.done.actor.${activity}`, { output, actorId: activity });
  }
  const error = isBuilt ? plainFailure(outcome.failure) : errorOf(outcome.failure);
  return eventOf(`xstate.error.actor.${activity}`, { error, actorId: activity });
}

function eventOf(type: string, members: Readonly<Record<string, unknown>>): EventObject {
  return { type, ...members };
}
