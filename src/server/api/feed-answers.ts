/**
 * What the live feed sends, as schemas for the OpenAPI document; see answers.ts.
 */
import { z } from 'zod';
import { count, nullableText, status, text, time } from './answer-parts.ts';

export const FeedMessage = z.object({
  cursor: text.meta({ description: 'For `since`; opaque.' }),
  saga: text,
  type: text,
  seq: count.meta({ description: 'Counts within the saga.' }),
  time,
  kind: z.enum(['transition', 'note']),
  cause: text,
  event: text,
  from: nullableText,
  to: text,
  status,
});

/** Sends a client of the feed back to its cursor. */
export const FeedResync = z.object({
  kind: z.literal('resync'),
  cursor: text.meta({ description: 'What comes next follows this.' }),
  reason: z.enum(['slow', 'restored']).meta({
    description:
      'slow: it did not read fast enough. restored: the database is an older one; what was seen ' +
      'after the cursor is not in it.',
  }),
});
