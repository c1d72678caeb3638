/**
 * What the schemas of the API's answers are made of.
 */
import { z } from 'zod';
import { SAGA_STATUSES } from '../../core/status.ts';

export const time = z.string().meta({ format: 'date-time', description: 'UTC with milliseconds.' });
export const status = z.enum(SAGA_STATUSES);
export const text = z.string();
export const nullableText = text.nullable();
export const count = z.int().min(0);

/** A page of a list. */
export const pageOfItems = (item: z.ZodType) =>
  z.object({
    items: z.array(item),
    nextCursor: nullableText.meta({ description: 'For `cursor`; null on the last page.' }),
  });

/** What went wrong. */
export const Failure = z.looseObject({
  code: text,
  message: text,
  retryable: z.boolean(),
  ambiguous: z.boolean(),
});
