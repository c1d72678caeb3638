/** What a machine hears of the end of an actor that the host ran for it. */
import type { EventObject } from 'xstate';
import type { SagaDefinition } from '../define/definition.ts';
import { plainFailure } from '../failure.ts';
import type { AttemptOutcome } from './inbound.ts';
import { errorOf } from '../thrown.ts';

/** A built saga knows failures, and no result but `null`; any other hears what it would live. */
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
