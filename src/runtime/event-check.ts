/** What an event from outside carries, held against the schema its saga was registered with. */
import type { EventObject } from 'xstate';
import { BackstepError } from '../core/errors.ts';
import { assertJson } from '../core/json.ts';
import { parseWith, type StandardSchema } from '../core/standard-schema.ts';

/** The event as the schema gives it. Throws `input-invalid` with the member that is wrong. */
export async function checkedEvent(
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
  assertJson(parsed, `event "${type}"`);
  return { ...(parsed as object), type };
}
