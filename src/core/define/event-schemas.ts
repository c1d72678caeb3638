/**
 * What events from outside must carry, by event type: given with a definition, or at registration.
 *
 * Pure. What cannot be meant is refused where it was written, with the cure.
 */
import type { AnyStateMachine } from 'xstate';
import { BackstepError } from '../errors.ts';
import { isWildcard, outsideEvents, takesType } from '../machine/event-types.ts';
import { meantInstead } from '../nearest-name.ts';
import { isStandardSchema, type StandardSchema } from '../standard-schema.ts';

/** By event type; a schema sees the event without its `type`. */
export type EventSchemas = Readonly<Record<string, StandardSchema>>;

/**
 * The schemas, checked against the machine that takes the events. Throws `definition-invalid` for
 * an event that it does not know, and for what is no schema.
 */
export function eventSchemas(
  { id, events }: Pick<AnyStateMachine, 'id' | 'events'>,
  given: EventSchemas,
): ReadonlyMap<string, StandardSchema> {
  const known = outsideEvents({ events });
  const refuse = (what: string): never => {
    throw new BackstepError('definition-invalid', `saga "${id}" ${what}`);
  };
  const named = known.filter((type) => !isWildcard(type));
  const unknown = Object.keys(given).filter((type) => !known.some((name) => takesType(name, type)));
  if (unknown.length > 0) {
    const hint = meantInstead(unknown[0] ?? '', named);
    const offered = named.join(', ') || 'none';
    refuse(`has no event ${unknown.join(', ')}; a schema can be given for ${offered}${hint}`);
  }
  for (const [type, schema] of Object.entries<unknown>(given)) {
    if (isWildcard(type)) {
      refuse(`has a schema for the wildcard "${type}"; give one for each event type by name`);
    }
    if (isStandardSchema(schema)) continue;
    refuse(
      `has no schema for event "${type}" but ${typeOf(schema)}; ` +
        'give one of the Standard Schema, such as z.object({ ... })',
    );
  }
  return new Map(Object.entries(given));
}

function typeOf(value: unknown): string {
  return value === null ? 'null' : `a value of type ${typeof value}`;
}
