/**
 * Notices a machine of another version of XState than the one that runs sagas, when a program has
 * two of them installed: what either takes for granted of the other would break far from here. Another
 * build of one version, such as a bundler's, cannot be told from another version.
 *
 * Another copy of the same version is as good as the own one, so that text is compared and no class.
 */
import { type AnyStateMachine, createMachine } from 'xstate';

const OWN = codeOf(createMachine({}));

/** Why the machine cannot be run; `null` when it can. */
export function otherXState(machine: AnyStateMachine): string | null {
  if (codeOf(machine) === OWN) return null;
  return (
    'it comes from another version of XState than the one that Backstep runs, or from another ' +
    'build of it, as a bundler makes; install one for both (`npm ls xstate` shows which there ' +
    'are), and leave xstate out of a bundle'
  );
}

function codeOf({ constructor, root }: AnyStateMachine): string {
  return `${String(constructor)}${String(root.constructor)}`;
}
