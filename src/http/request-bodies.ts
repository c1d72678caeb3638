/**
 * What the API takes in bodies, as schemas: requests are checked by them and the OpenAPI document
 * is made from them, so that neither can say what the other does not.
 */
import { z } from 'zod';
import { COMMAND_NAMES } from '../core/inbound.ts';
import { parseWith } from '../core/standard-schema.ts';
import { readJsonObject } from './body.ts';

/** Longest start key, event id, event type, step and name of a person. */
const MAX_NAME_LENGTH = 200;
const MAX_REASON_LENGTH = 500;

const name = z.string().min(1).max(MAX_NAME_LENGTH);

/** A start key or the header `Idempotency-Key`. */
export const StartKey = name;

/** Body of `POST /api/sagas/{type}`. */
export const StartBody = z.strictObject({
  input: z.unknown().optional().meta({ description: "Checked by the saga's own schema." }),
  key: StartKey.nullish().meta({
    description: 'Same key and same input: the same saga. The header Idempotency-Key is the same.',
  }),
});

/** Body of `POST /api/sagas/{id}/events`: everything but `id` reaches the machine. */
export const EventBody = z.looseObject({
  id: name.nullish().meta({
    description: 'The event is taken once per id, within the last 64 events of the saga.',
  }),
  type: name,
});

/** The members that every command has, single or in bulk. */
const commandMembers = {
  // Any word: one that is no command is answered like one that is not legal, with the legal ones.
  command: name.meta({ examples: [...COMMAND_NAMES], description: COMMAND_NAMES.join(', ') }),
  reason: z.string().min(1).max(MAX_REASON_LENGTH).nullish(),
  by: name.nullish().meta({ description: 'Who orders it, for the audit.' }),
};

/** Body of `POST /api/sagas/{id}/commands`. */
export const CommandBody = z.strictObject({
  ...commandMembers,
  step: name.nullish().meta({ description: 'For retry and skip: the one step that is meant.' }),
  context: z
    .record(z.string(), z.unknown())
    .nullish()
    .meta({ description: 'For edit-context and retry: members that replace those of the saga.' }),
  expectedVersion: z.int().min(1).nullish().meta({
    description: 'The `seq` that was seen. Another one by now: 409 and nothing happens.',
  }),
});

/** The body, checked. Throws as `readJsonObject` does, and `input-invalid` with every issue. */
export async function readBody<Schema extends z.ZodType>(
  request: Request,
  schema: Schema,
): Promise<z.output<Schema>> {
  return parseWith<z.output<Schema>>(schema, await readJsonObject(request));
}
