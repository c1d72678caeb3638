/**
 * What a drawn machine brought along, as activities: a `fromPromise` actor runs as the attempt of
 * an activity that calls the machine's own creator.
 *
 * The creator is told its input and its signal, as live. It is no actor: whoever it would send to
 * by itself is not there.
 */
import type { Activity, ActivityContext } from '../../core/activity.ts';
import { BackstepError } from '../../core/errors.ts';
import { promiseCreatorOf, type PromiseCreator } from '../../core/machine/actor-kinds.ts';

/** The activities among the logic of a machine, by name. */
export function ownActivities(
  own: ReadonlyMap<string, unknown>,
): readonly (readonly [string, Activity])[] {
  return [...own].flatMap(([name, logic]) => {
    const creator = promiseCreatorOf(logic);
    return creator === null ? [] : [[name, activityOf(name, creator)] as const];
  });
}

function activityOf(name: string, creator: PromiseCreator): Activity {
  return (input: unknown, { step, sagaId, signal }: ActivityContext) =>
    creator({
      input,
      signal,
      self: absent(`"${name}" of saga ${sagaId}: self`, { id: step, sessionId: step }),
      system: absent(`"${name}" of saga ${sagaId}: system`, {}),
      emit: () => {}, // nobody can listen to it: it has no reference that anybody holds
    });
}

/** Stands for an actor or a system: what it does not have is said, not given as undefined. */
function absent(what: string, known: Readonly<Record<string, unknown>>): unknown {
  return new Proxy(known, {
    get: (members, name) => {
      if (typeof name === 'symbol') return undefined;
      if (Object.hasOwn(members, name)) return members[name];
      throw new BackstepError(
        'definition-invalid',
        `${what}.${name} is not there while it runs as an activity; give back a result, and let ` +
          'the machine send',
      );
    },
  });
}
