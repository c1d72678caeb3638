/**
 * What the API answers about how a saga came out and why it stands where it stands, as schemas; see
 * answers.ts.
 */
import { z } from 'zod';
import { COMMAND_NAMES } from '../../core/turn/inbound.ts';
import { count, Failure, nullableText, status, text, time } from './answer-parts.ts';

const letter = {
  done: z.array(text).meta({ description: 'Steps whose effect stands.' }),
  maybe: z.array(text).meta({ description: 'Steps whose effect may have happened.' }),
  compensated: z.array(text),
  outstanding: z.array(text).meta({
    description: 'What is owed, first things first: compensations, or steps after the pivot.',
  }),
};

/** Who settled what was given up, and why. */
export const Resolution = z.object({ at: time, by: nullableText, reason: nullableText });

const givenUp = {
  failure: Failure,
  deadLetter: z.object({ ...letter, error: Failure.nullable() }),
  resolution: Resolution.nullable(),
};

/** How a settled saga came out. */
export const Outcome = z.discriminatedUnion('status', [
  z.object({ status: z.literal('completed'), output: z.unknown() }),
  z.object({ status: z.literal('compensated'), failure: Failure }),
  z.object({ status: z.literal('compensation_failed'), ...givenUp }),
  z.object({ status: z.literal('failed'), ...givenUp }),
  z.object({ status: z.literal('parked'), ...givenUp }),
  z.object({ status: z.literal('terminated') }),
]);

const Awaited = z.object({
  kind: z.enum(['attempt', 'child', 'retry', 'timer', 'event']),
  name: text.meta({ description: 'Of the activity, the timer or the event.' }),
  step: nullableText,
  attempt: z.int().nullable(),
  budget: z.int().nullable().meta({ description: 'Most attempts; null: no bound is known.' }),
  dueAt: time.nullable(),
  childId: nullableText,
});

/** Why a saga stands where it stands. */
export const Why = z.object({
  id: text,
  key: nullableText,
  type: text,
  version: z.int(),
  seq: count.meta({ description: 'For `expectedVersion`.' }),
  status,
  state: nullableText.meta({ description: 'Null: it cannot be read here.' }),
  since: time.meta({ description: 'The time of its last turn.' }),
  next: text.meta({ description: 'What it does or waits for, in one sentence.' }),
  lastTurn: z
    .object({ seq: count, at: time, event: text, from: nullableText, to: text })
    .extend({ by: text.optional(), reason: text.optional(), note: text.optional() })
    .nullable(),
  waitsFor: z
    .array(Awaited)
    .meta({ description: 'What is under way, due or taken; may be empty.' }),
  failure: Failure.nullable().meta({ description: 'Why it turned back or was given up.' }),
  lastError: z
    .object({
      step: text,
      activity: text.meta({ description: 'The step, or the compensation of it that failed.' }),
      attempts: count,
      at: time.nullable(),
      error: Failure,
      mayHaveHappened: z.boolean(),
    })
    .nullable(),
  ...letter,
  may: z
    .array(z.object({ command: z.enum(COMMAND_NAMES), does: nullableText }))
    .meta({ description: 'The legal commands; `does`: what one would do to this saga.' }),
});
