/** What the API answers about alerts, as schemas; see answers.ts. */
import { z } from 'zod';
import { count, nullableText, text, time } from './answer-parts.ts';

const cause = z.record(z.string(), text).meta({
  description: 'What the incident is about, such as the type and the error code.',
});

export const AlertOverview = z.object({
  rules: z.array(
    z.object({
      name: text,
      when: z.looseObject({ kind: text }),
      to: z.array(text).meta({ description: 'Names of targets.' }),
    }),
  ),
  targets: z.array(
    z.object({
      name: text,
      kind: z.enum(['webhook', 'function']),
      address: nullableText.meta({
        description: 'The host of a webhook: the rest of an address may be secret.',
      }),
    }),
  ),
  deliveries: z
    .object({
      waiting: count,
      failing: count.meta({ description: 'Tried in vain, and tried again.' }),
      givenUp: count.meta({ description: 'In the last day.' }),
    })
    .nullable()
    .meta({ description: 'Null: another process sends them.' }),
});

export const AlertIncident = z.object({
  id: text,
  rule: text,
  cause,
  openedAt: time,
  resolvedAt: time.nullable(),
  now: count.meta({ description: 'Sagas, or attempts, that stand so now.' }),
  total: count.meta({ description: 'All that did in this incident.' }),
  sagas: z.array(text).meta({ description: 'Ids of some of them, the newest last.' }),
  error: nullableText,
});

export const AlertDelivery = z.object({
  id: text.meta({ description: 'The `webhook-id`: the same for every target and every try.' }),
  target: text,
  kind: z.enum(['opened', 'grown', 'resolved', 'trial']),
  incident: nullableText,
  rule: nullableText,
  summary: text,
  createdAt: time,
  nextTryAt: time.nullable(),
  attempts: count,
  settledAt: time.nullable(),
  outcome: z.enum(['delivered', 'given-up']).nullable(),
  error: nullableText.meta({ description: 'Of the last try that failed.' }),
});

export const AlertTrial = z.object({ id: text });
