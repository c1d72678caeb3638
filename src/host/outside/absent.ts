/** Stand-ins for the actors of XState that a machine's code is not given where it runs. */
import { BackstepError } from '../../core/errors.ts';

/**
 * Stands for an actor or a system: a member that it does not have throws, and is not `undefined`.
 */
export function absent(
  what: string,
  known: Readonly<Record<string, unknown>>,
  cure: string,
): unknown {
  return new Proxy(known, {
    get: (members, name) => {
      if (typeof name === 'symbol') return undefined;
      if (Object.hasOwn(members, name)) return members[name];
      throw new BackstepError(
        'definition-invalid',
        `${what}.${name} is not there outside of a turn of its machine; ${cure}`,
      );
    },
  });
}
