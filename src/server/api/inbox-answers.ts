/** What the API answers about the inbox, as schemas; see answers.ts. */
import { z } from 'zod';
import { count, text, time } from './answer-parts.ts';

export const Inbox = z.object({
  waiting: count,
  oldestAt: time.nullable().meta({ description: 'Of the row that waits for longest.' }),
  refused: count,
  items: z
    .array(
      z.object({
        id: z.int(),
        kind: z.enum(['start', 'event', 'command']),
        target: text,
        key: text.nullable(),
        createdAt: time,
        refusedAt: time,
        code: text,
        message: text,
      }),
    )
    .meta({ description: 'The newest refused rows, at most `limit`.' }),
});
