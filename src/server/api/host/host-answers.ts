/**
 * What the API answers about the host of the sagas: what it can promise, which versions it runs, and
 * the calls between its machines; as schemas, see answers.ts.
 */
import { z } from 'zod';
import { count, nullableText, text, time } from '../answer-parts.ts';

/** A call that does not get on. */
const StuckCall = z.object({
  id: text,
  what: text.meta({ description: 'Service and handler.' }),
  sagaId: nullableText,
  status: text,
  tries: count,
  since: time,
  failure: nullableText.meta({ description: 'What the last try came to.' }),
});

/** How many do not get on. */
export const CallFigures = z.object({
  paused: count,
  retriedOften: count.meta({ description: 'More than twenty times.' }),
  pinned: count.meta({ description: 'To a deployment that takes no new calls.' }),
  unwritten: count.meta({ description: 'Turns that are on their way to the database.' }),
  oldestUnwrittenAt: time.nullable(),
});

export const Calls = z.object({
  isOneProcess: z.boolean().meta({ description: 'All sagas run in one process: there are none.' }),
  figures: CallFigures.nullable().meta({
    description: 'As of the last look; null: there are no calls, or their server does not answer.',
  }),
  troubles: z.array(
    z.object({
      kind: z.enum(['paused', 'retried-often', 'pinned', 'unwritten']),
      calls: count,
      cure: text.meta({ description: 'What to do.' }),
      examples: z.array(StuckCall),
    }),
  ),
});

export const Nudged = z.object({
  id: text,
  kind: z.enum(['nudged', 'moves', 'waits']),
  dispatched: z.array(text).meta({ description: 'Attempts and children that had no call.' }),
  calls: z.array(StuckCall).meta({ description: 'Calls of the saga that are under way.' }),
});

export const Resync = z.object({
  state: z.enum(['never', 'running', 'ended', 'failed']),
  sagas: count.meta({ description: 'That the server of the calls has.' }),
  missing: count.meta({ description: 'Not in the database.' }),
  behind: count.meta({ description: 'In the database with fewer turns.' }),
  written: count.meta({ description: 'Of both, by now.' }),
  lost: count.meta({ description: 'Their turns are not kept, or not all of them.' }),
  lostExamples: z.array(text),
  error: nullableText,
});

export const Capabilities = z.object({
  host: z.enum(['embedded-sqlite', 'embedded-postgres', 'restate']),
  promises: z
    .record(text, z.object({ standing: z.enum(['full', 'limited', 'none']), how: text }))
    .meta({ description: 'What is promised and how far, each in one sentence.' }),
});

export const Versions = z.object({
  items: z.array(
    z.object({
      type: text,
      version: z.int(),
      underWay: count.meta({ description: 'Sagas of this version that are not over.' }),
      total: count,
      isRegistered: z.boolean().meta({ description: 'It can run here.' }),
    }),
  ),
});
