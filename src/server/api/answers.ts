/**
 * What the API answers about sagas and the engine, as schemas: the OpenAPI document is made of
 * them, and a test holds real answers against it. Nothing is parsed with them at run time.
 */
import { z } from 'zod';
import { COMMAND_NAMES } from '../../core/turn/inbound.ts';
import { SAGA_STATUSES, STEP_KINDS } from '../../core/status.ts';
import { count, Failure, nullableText, status, text, time } from './answer-parts.ts';
import { CallFigures } from './host/host-answers.ts';
import { Outcome, Resolution } from './standing-answers.ts';

/** RFC 9457, for every 4xx and 5xx. */
export const Problem = z.object({
  code: text.meta({ description: 'Stable; match on this.' }),
  title: text,
  status: z.int(),
  detail: text,
  legal: z.array(text).optional().meta({ description: 'With not-legal: what is legal now.' }),
  kept: z
    .array(text)
    .optional()
    .meta({ description: 'With not-legal, of an event: the types kept now for later, if any.' }),
  issues: z.array(z.object({ path: text, message: text })).optional(),
});

/** How a start is answered, here and in the order demo. */
export const startStatus = z.enum([...SAGA_STATUSES, 'removed']).meta({
  description: 'removed: it ended and was removed before how it ended was kept with its key.',
});
export const isRemoved = z.literal(true).optional().meta({
  description: 'It ended long ago, as `status` says; only its start key is kept.',
});

export const Started = z.object({
  id: text,
  type: text,
  status: startStatus,
  isNew: z.boolean().meta({ description: 'False: the key had started this saga before.' }),
  isRemoved,
});
export const EventAnswer = z.object({
  id: text,
  status,
  seq: count,
  eventId: text,
  isKept: z.boolean().meta({ description: 'It came early and waits until the saga takes it.' }),
});
const warning = text.optional().meta({ description: 'What a schema minds of what was taken.' });
export const CommandAnswer = z.object({ id: text, status, seq: count, warning });

export const SagaSummary = z.object({
  id: text,
  key: nullableText,
  type: text,
  version: z.int(),
  status,
  step: nullableText,
  attempts: count,
  error: nullableText,
  seq: count,
  startedAt: time,
  updatedAt: time,
  endedAt: time.nullable(),
});

const progress = {
  attempts: count,
  startedAt: time.nullable(),
  endedAt: time.nullable(),
  nextAttemptAt: time.nullable(),
  error: Failure.nullable(),
  mayHaveHappened: z.boolean(),
};

const Step = z.object({
  name: text,
  kind: z.enum(STEP_KINDS),
  status: z
    .enum([
      'pending',
      'running',
      'retrying',
      'in_doubt',
      'completed',
      'failed',
      'compensating',
      'compensated',
      'compensation_failed',
      'skipped',
    ])
    .meta({
      description:
        'skipped: given up by a person (see skip), or never started in a saga that is over.',
    }),
  occurrence: z.int().optional(),
  ...progress,
  late: z.object({ at: time, output: z.unknown() }).optional(),
  skip: z.object({ by: nullableText, reason: nullableText }).nullable(),
  compensation: z
    .object({
      name: text,
      status: z.enum(['running', 'retrying', 'failed', 'completed']),
      ...progress,
    })
    .nullable(),
});

const records = {
  notes: z.array(z.object({ seq: count, at: time, cause: text, event: text, note: nullableText })),
  audit: z.array(
    z.object({
      seq: count,
      at: time,
      command: text.meta({ description: 'An event that was sent stands as `send <type>`.' }),
      by: text,
      reason: nullableText,
    }),
  ),
};

const ReadableSaga = z.object({
  id: text,
  key: nullableText,
  type: text,
  version: z.int(),
  seq: count.meta({ description: 'For `expectedVersion`.' }),
  status,
  state: text,
  context: z.unknown(),
  steps: z.array(Step),
  failureReason: Failure.nullable(),
  parkReason: Failure.nullable(),
  compensationOutcome: z.enum(['complete', 'partial', 'failed']).nullable(),
  resolution: Resolution.nullable(),
  outcome: Outcome.nullable().meta({ description: 'Null: it is not settled yet.' }),
  parent: z.object({ id: text, step: text }).nullable(),
  children: z.array(
    z.object({ id: text, step: text, type: nullableText, status: status.nullable() }),
  ),
  pendingStart: z.object({ startAt: time.nullable(), position: z.int().nullable() }).nullable(),
  awaiting: z.object({
    activities: z.array(
      z.object({ activity: text, step: text, direction: text, attempt: z.int() }),
    ),
    timers: z.array(z.object({ timer: text, dueAt: time.nullable() })),
    events: z.array(text),
    earlyEvents: z.array(z.object({ id: text, type: text })),
  }),
  legalCommands: z.array(z.enum(COMMAND_NAMES)),
  commands: z.array(
    z.object({ command: z.enum(COMMAND_NAMES), isLegal: z.boolean(), reason: nullableText }),
  ),
  ...records,
  startedAt: time,
  updatedAt: time,
  endedAt: time.nullable(),
});

const UnreadableSaga = SagaSummary.extend({
  state: z.null(),
  context: z.null(),
  steps: z.array(z.never()),
  unreadable: text.meta({ description: 'Why the stored state cannot be read.' }),
  ...records,
});

export const Saga = z.union([ReadableSaga, UnreadableSaga]);

export const Transition = z.object({
  seq: count,
  at: time,
  kind: z.enum(['transition', 'note']),
  cause: text,
  event: text,
  from: nullableText,
  to: text,
  status,
  by: text.optional().meta({ description: 'Who ordered the command or sent the event.' }),
  reason: text.optional(),
  note: text.optional(),
});

export const DeadLetter = z.object({
  id: z.int(),
  sagaId: text,
  type: text,
  key: nullableText,
  status,
  done: z.array(text),
  maybe: z.array(text),
  compensated: z.array(text),
  outstanding: z.array(text),
  error: Failure.nullable(),
  openedAt: time,
  ageMs: count,
});

export const Bulk = z.object({
  id: z.int(),
  command: z.enum(COMMAND_NAMES),
  by: text,
  reason: nullableText,
  filter: z.looseObject({}).nullable(),
  total: count,
  state: z.enum(['frozen', 'running', 'ended']),
  createdAt: time,
  startedAt: time.nullable(),
  endedAt: time.nullable(),
});
export const BulkProgress = Bulk.extend({
  taken: count,
  refused: count,
  failed: count,
  pending: count,
});
export const BulkItem = z.object({
  sagaId: text,
  outcome: z.enum(['taken', 'refused', 'failed']).nullable(),
  status: status.nullable(),
  detail: nullableText,
});

const versionCounts = {
  underWay: count.meta({ description: 'Sagas of this version that are not over.' }),
  total: count,
};

export const DefinitionSummary = z.object({
  type: text,
  version: z.int(),
  hash: text,
  steps: z.array(z.object({ name: text, kind: text, compensation: nullableText })),
  activities: z.array(text),
  ...versionCounts,
  queue: z
    .object({ limit: count, maxQueued: count, active: count, queued: count })
    .nullable()
    .meta({ description: 'Where at most `limit` sagas of the type run at once; null: no bound.' }),
});
export const Definition = DefinitionSummary.extend({
  versions: z.array(z.object({ version: z.int(), hash: text, ...versionCounts })),
  machine: z.looseObject({ id: text }).meta({ description: "XState's own JSON of the machine." }),
  findings: z.array(
    z.object({
      kind: text,
      severity: z.enum(['error', 'warning']),
      message: text,
      path: z.array(z.object({ event: text, state: text })),
      code: text.meta({ description: 'The same as `kind`.' }),
      customer: text.meta({ description: 'What may happen to a customer, in one sentence.' }),
      way: z.array(z.object({ event: text, state: text, takes: z.array(text) })),
      cure: text,
      where: text,
      what: text,
    }),
  ),
  explored: z.object({ states: count, transitions: count, isExhaustive: z.boolean() }),
});

export const Stats = z.object({
  sagas: z.looseObject({ total: count }),
  engine: z.looseObject({ liveActors: count, activitiesInFlight: count }),
  store: z.looseObject({ commits: count, batches: count }),
  live: z.object({ clients: count, resyncs: count }),
});
export const Retention = z.object({
  kind: z.enum(['off', 'removing', 'held']).meta({
    description: 'held: the clock was set; nothing is removed for a day, or until it is resumed.',
  }),
  leftMs: count.optional().meta({ description: 'With held: for so much running time.' }),
});
export const Health = z.object({
  status: z.literal('ready'),
  versionGaps: z
    .array(z.object({ type: text, version: count, reason: text, sagas: count }))
    .optional()
    .meta({ description: 'Sagas that cannot go on under what is registered; absent: none.' }),
  undeliveredAlerts: count.optional().meta({
    description: 'Alerts sent in vain, or given up in the last day; absent: none.',
  }),
  calls: CallFigures.optional().meta({
    description: 'Calls between machines that do not get on; absent: one process runs all sagas.',
  }),
  restored: z
    .object({
      generation: count.meta({ description: 'Each restore counts it up, from 1.' }),
      copiedAt: time.nullable().meta({ description: 'What came after this was lost.' }),
      restoredAt: time,
    })
    .optional()
    .meta({ description: 'The database was restored from a backup; absent: never.' }),
});
export const Live = z.object({
  status: z.literal('live'),
  engine: z.enum(['ready', 'standby', 'recovering', 'stalled', 'stopping', 'failed']),
  owner: nullableText.meta({
    description: 'Who owns a database of PostgreSQL, if known; null for a file.',
  }),
});
