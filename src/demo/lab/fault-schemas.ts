/**
 * What `/api/faults` takes and answers: requests are checked by these schemas and the OpenAPI
 * document is made of them.
 */
import { z } from 'zod';

const count = z.int().min(0);
const rate = z.number().min(0).max(1);
const whole = (most: number) => z.number().min(0).max(most).multipleOf(1);

/** Body of `PUT /api/faults/{activity}`. */
export const FaultBody = z.strictObject({
  failNext: whole(1_000_000).optional().meta({ description: 'How many of the next calls fail.' }),
  failureRate: rate.optional().meta({ description: 'Share of the other calls that fails.' }),
  latencyMs: whole(600_000).optional().meta({ description: 'Delay of every call.' }),
  mode: z
    .string()
    .pipe(z.enum(['error', 'permanent', 'hang', 'applied-then-lost']))
    .optional(),
  seed: whole(2 ** 32 - 1)
    .optional()
    .meta({ description: 'Makes the rate repeatable.' }),
});

/** Body of `PUT /api/faults`. */
export const FaultsBody = z.strictObject({ seed: whole(2 ** 32 - 1) });

/** An injected fault and what it did so far. */
export const Fault = z.looseObject({
  activity: z.string(),
  failNext: count,
  failureRate: z.number(),
  latencyMs: count,
  mode: z.string(),
  calls: count,
  hits: count,
});
