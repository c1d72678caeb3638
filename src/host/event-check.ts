/** An event from outside: as its sender gave it, held against the schema that its saga gives it. */
import { randomUUID } from 'node:crypto';
import type { EventObject } from 'xstate';
import { BackstepError } from '../core/errors.ts';
import type { Inbound } from '../core/turn/inbound.ts';
import { keepJson } from '../core/json.ts';
import { parseWith, type StandardSchema } from '../core/standard-schema.ts';
import type { SendOptions } from './saga-handle.ts';

/** The inbound of a sent event. */
export function sentEvent(
  event: EventObject,
  { eventId, by, reason }: SendOptions = {},
): Inbound & { kind: 'event' } {
  return {
    kind: 'event',
    id: eventId ?? randomUUID(),
    event,
    ...(by === undefined ? {} : { by }),
    ...(reason === undefined ? {} : { reason }),
  };
}

type Received = Exclude<Inbound, { kind: 'start' }>;

/** An event as the schema gives it. Throws `input-invalid` with the member that is wrong. */
export async function checked(
  schema: StandardSchema,
  sagaId: string,
  inbound: Received,
): Promise<Received> {
  if (inbound.kind !== 'event') return inbound;
  return { ...inbound, event: await checkedEvent(schema, sagaId, inbound.event) };
}

async function checkedEvent(
  schema: StandardSchema,
  sagaId: string,
  { type, ...payload }: EventObject,
): Promise<EventObject> {
  let parsed: unknown;
  try {
    parsed = await parseWith(schema, payload);
  } catch (error) {
    if (!(error instanceof BackstepError)) throw error;
    const { issues } = error;
    const what = issues.map(({ path, message }) => `${path || 'payload'}: ${message}`).join('; ');
    const message = `event "${type}" of saga ${sagaId}: ${what}`;
    throw new BackstepError('input-invalid', message, { issues, cause: error });
  }
  if (parsed === null || typeof parsed !== 'object' || Array.isArray(parsed)) {
    const what = `the schema of event "${type}" gives no object; let it give the event's members`;
    throw new BackstepError('definition-invalid', `saga ${sagaId}: ${what}`);
  }
  return { ...keepJson(parsed, `event "${type}"`), type };
}
