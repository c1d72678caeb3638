/** What workers and the participants' service say to each other: JSON over HTTP. */
import { z } from 'zod';
import type { ActivityContext } from '../../core/activity.ts';

export const PATHS = { activities: '/activities', subscribers: '/subscribers' } as const;

/** What is told of a call, beside what lives in one process. */
type ToldContext = Omit<ActivityContext, 'heartbeat' | 'signal'>;

/** JSON, or no value at all: then the member is not there. */
const anything: z.ZodType = z.unknown().optional();

const context: z.ZodType<ToldContext> = z.object({
  key: z.string(),
  forwardKey: z.string().nullable(),
  sagaId: z.string(),
  step: z.string(),
  attempt: z.int(),
  nowMs: z.number(),
  late: z.object({ atMs: z.number(), output: z.unknown() }).nullable(),
  traceparent: z.string().nullable(),
});

export const ASKED_OF_ACTIVITY = z.object({ input: anything, context });
export const ASKED_OF_SUBSCRIBER = z.object({
  event: z.looseObject({ type: z.string() }),
  sagaId: z.string(),
  key: z.string(),
});

const ANSWER = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('done'), output: anything }),
  z.object({
    kind: z.literal('failed'),
    failure: z.object({
      code: z.string(),
      message: z.string(),
      retryable: z.boolean(),
      ambiguous: z.boolean(),
    }),
  }),
  /** The fault lab has the worker end, in the middle of the call. */
  z.object({ kind: z.literal('end') }),
]);

export type Answer = z.infer<typeof ANSWER>;

/** Throws what is none. */
export function readAnswer(text: string): Answer {
  return ANSWER.parse(JSON.parse(text));
}
