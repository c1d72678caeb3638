/**
 * Event types as machines name them: which of them are for the outside, and which type a name
 * takes. A name ending in `.*`, or `*` alone, takes many.
 *
 * Pure.
 */
import type { AnyStateMachine } from 'xstate';
import { BackstepError } from '../errors.ts';
import { isReserved } from '../turn/legal.ts';
import { meantInstead } from '../nearest-name.ts';
import { NAME } from '../options-reader.ts';

/** True when a transition named so takes events of the type, as XState reads it. */
export function takesType(name: string, type: string): boolean {
  return name === type || (isWildcard(name) && `${type}.`.startsWith(name.slice(0, -1)));
}

export function isWildcard(name: string): boolean {
  return name === '*' || name.endsWith('.*');
}

/** The names of events that may come from outside, wildcards included. */
export function outsideEvents({ events }: Pick<AnyStateMachine, 'events'>): readonly string[] {
  return events.map(String).filter((name) => !isReserved(name));
}

/** Why no wait can be for events of the type; `null`: one can. */
export function eventTypeFlaw(type: string): string | null {
  const refused = (why: string): string => `the event type "${type}" ${why}; choose another`;
  if (/^(xstate|backstep)\.|\*/.test(type)) return refused("is the engine's");
  // XState keeps transitions by event type in a plain object, which has these already.
  if (type in {}) return refused('is a member of every object');
  return NAME.faultOf(type) === null ? null : refused(`is not ${NAME.takes}`);
}

/** The types to keep early, each once. Throws `definition-invalid` for one that nothing takes. */
export function keptTypes(
  { id, events }: Pick<AnyStateMachine, 'id' | 'events'>,
  given: readonly string[],
): readonly string[] {
  const names = outsideEvents({ events });
  for (const type of given) {
    if (!isWildcard(type) && names.some((name) => takesType(name, type))) continue;
    const what = isWildcard(type)
      ? `by the wildcard "${type}"; name each event type`
      : `"${type}", which it never takes${meantInstead(type, named(names))}`;
    throw new BackstepError('definition-invalid', `saga "${id}" keeps early ${what}`);
  }
  return [...new Set(given)];
}

function named(names: readonly string[]): readonly string[] {
  return names.filter((name) => !isWildcard(name));
}
