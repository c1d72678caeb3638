/**
 * What the API takes in bodies, as schemas: requests are checked by them and the OpenAPI document
 * is made from them, so that neither can say what the other does not.
 */
import { z } from 'zod';
import { parseDuration } from '../../core/duration.ts';
import { COMMAND_NAMES } from '../../core/turn/inbound.ts';
import { parseWith } from '../../core/standard-schema.ts';
import { SAGA_STATUSES } from '../../core/status.ts';
import type { SagaFilter } from '../../store/read-models.ts';
import { readJsonObject } from '../body.ts';
import { MAX_REASON_LENGTH, PageQuery } from '../query.ts';

/** Longest start key, event id, event type, step and name of a person. */
const MAX_NAME_LENGTH = 200;
/** Ids in one bulk command; a filter may find more. */
const MAX_BULK_IDS = 5_000;
/** Recorded as the author of commands that name nobody. */
export const API_AUTHOR = 'api';

const name = z.string().min(1).max(MAX_NAME_LENGTH);

/** A start key or the header `Idempotency-Key`. */
export const StartKey = name;

/** Body of `POST /api/sagas/{type}`. */
export const StartBody = z.strictObject({
  input: z.unknown().optional().meta({ description: "Checked by the saga's own schema." }),
  key: StartKey.nullish().meta({
    description: 'Same key and same input: the same saga. The header Idempotency-Key is the same.',
  }),
  startAt: z.iso.datetime({ offset: true }).nullish().meta({
    description: 'When it begins; until then it is `waiting`. One that has passed: at once.',
  }),
  delay: z.string().nullish().meta({
    description: 'Instead of startAt: how long it waits before it begins, such as 30s or 24h.',
  }),
});

/**
 * Body of `POST /api/sagas/{id}/events`: everything but `id` reaches the machine, who and why too
 * where they stand in it.
 */
export const EventBody = z.looseObject({
  id: name.nullish().meta({
    description: 'The event is taken once per id, within the last 64 events of the saga.',
  }),
  type: name,
  by: z.unknown().optional().meta({
    description: 'A text says who sends it, for the audit; it reaches the machine too.',
  }),
  reason: z.unknown().optional().meta({ description: 'A text says why, as `by` says who.' }),
});

/** What an event says of its sender. Its members are the machine's: no text is not a mistake. */
export function authorIn({ by, reason }: z.output<typeof EventBody>): {
  readonly by?: string;
  readonly reason?: string;
} {
  return {
    ...(isSaid(by) ? { by: by.slice(0, MAX_NAME_LENGTH) } : {}),
    ...(isSaid(reason) ? { reason: reason.slice(0, MAX_REASON_LENGTH) } : {}),
  };
}

function isSaid(member: unknown): member is string {
  return typeof member === 'string' && member !== '';
}

/** Who orders a command, and why. */
const auditMembers = {
  reason: z.string().min(1).max(MAX_REASON_LENGTH).nullish(),
  by: name.nullish().meta({ description: 'Who orders it, for the audit.' }),
};

/** Body of `POST /api/sagas/{id}/commands`. */
export const CommandBody = z.strictObject({
  // Any word: one that is no command is answered like one that is not legal, with the legal ones.
  command: name.meta({ examples: [...COMMAND_NAMES], description: COMMAND_NAMES.join(', ') }),
  ...auditMembers,
  step: name.nullish().meta({ description: 'For retry and skip: the one step that is meant.' }),
  context: z
    .record(z.string(), z.unknown())
    .nullish()
    .meta({
      description:
        'For edit-context, retry and skip: members that replace those of the saga, such as the ' +
        'results that a skipped step did not bring.',
    }),
  expectedVersion: z.int().min(1).nullish().meta({
    description: 'The `seq` that was seen. Another one by now: 409 and nothing happens.',
  }),
});

/** Body of what may be tried first. */
export const TrialBody = z.strictObject({
  dryRun: z.boolean().default(false).meta({ description: 'Say what would be done, do nothing.' }),
});

/** The filters of `GET /api/sagas`, as members. */
const SagaFilterBody = z.strictObject({
  type: name.optional(),
  status: z.array(z.enum(SAGA_STATUSES)).min(1).optional(),
  step: name.optional(),
  attempts: z.int().min(0).optional().meta({ description: 'At least so many.' }),
  olderThan: z
    .string()
    .refine((text) => parseDuration(text) !== null, 'must be a duration such as 90s, 10m or 2h')
    .optional()
    .meta({ description: 'Not updated for this long: 90s, 10m, 2h.' }),
  q: name.optional().meta({ description: 'Prefix of the id, the key or the error.' }),
});

/** Body of `POST /api/bulk`. */
export const BulkBody = z
  .strictObject({
    command: z.enum(COMMAND_NAMES).exclude(['edit-context']),
    ...auditMembers,
    ids: z.array(name).min(1).max(MAX_BULK_IDS).optional(),
    filter: SagaFilterBody.optional().meta({
      description: 'The sagas that match now; those that match later are not meant.',
    }),
    start: z.boolean().default(true).meta({ description: 'False: only freeze the list.' }),
  })
  .refine(({ ids, filter }) => (ids === undefined) !== (filter === undefined), {
    error: 'give either ids or a filter',
    path: ['ids'],
  });

/** Query of `GET /api/bulk/{bulk}/sagas`. */
export const BulkItemsQuery = PageQuery.extend({
  outcome: z.enum(['taken', 'refused', 'failed']).optional(),
});

/** A filter as the read models take it. */
export function sagaFilterOfBody(
  { attempts, olderThan, q, ...rest }: z.output<typeof SagaFilterBody>,
  nowMs: number,
): SagaFilter {
  const { type, status, step } = rest;
  return {
    ...(type === undefined ? {} : { type }),
    ...(status === undefined ? {} : { status }),
    ...(step === undefined ? {} : { step }),
    ...(attempts === undefined ? {} : { minAttempts: attempts }),
    ...(olderThan === undefined
      ? {}
      : { updatedBeforeMs: nowMs - (parseDuration(olderThan) ?? 0) }),
    ...(q === undefined ? {} : { text: q }),
  };
}

/** The body, checked. Throws as `readJsonObject` does, and `input-invalid` with every issue. */
export async function readBody<Schema extends z.ZodType>(
  request: Request,
  schema: Schema,
): Promise<z.output<Schema>> {
  return parseWith<z.output<Schema>>(schema, await readJsonObject(request));
}
