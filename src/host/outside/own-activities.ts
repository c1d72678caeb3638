/**
 * What a drawn machine brought along, as activities: a `fromPromise` actor runs as the attempt of
 * an activity that calls the machine's own creator.
 *
 * The creator gets its input and its signal, as from XState. It is no actor: `self` and `system`
 * throw where the creator would send through them.
 */
import type { Activity, ActivityContext } from '../../core/activity.ts';
import { absent } from './absent.ts';
import { promiseCreatorOf, type PromiseCreator } from '../../core/machine/actors/actor-kinds.ts';

/** The activities among the logic of a machine, by name. */
export function ownActivities(
  own: ReadonlyMap<string, unknown>,
): readonly (readonly [string, Activity])[] {
  return [...own].flatMap(([name, logic]) => {
    const creator = promiseCreatorOf(logic);
    return creator === null ? [] : [[name, activityOf(name, creator)] as const];
  });
}

const CURE = 'give back a result, and let the machine send';

function activityOf(name: string, creator: PromiseCreator): Activity {
  return (input: unknown, { step, sagaId, signal }: ActivityContext) =>
    creator({
      input,
      signal,
      self: absent(`"${name}" of saga ${sagaId}: self`, { id: step, sessionId: step }, CURE),
      system: absent(`"${name}" of saga ${sagaId}: system`, {}, CURE),
      emit: () => {}, // nobody can listen to it: it has no reference that anybody holds
    });
}
