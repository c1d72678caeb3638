/**
 * `/api/sagas`: any saga, as in the contract: start, list, look at.
 */
import { Hono } from 'hono';
import type { z } from 'zod';
import type { Duration } from '../../core/duration.ts';
import { BackstepError } from '../../core/errors.ts';
import { parseWith } from '../../core/standard-schema.ts';
import type { SpawnOptions } from '../../host/backstep.ts';
import { queryOf, startAnswer, traceOfRequest, type HttpContext } from '../context.ts';
import type { HttpEnv } from '../http-env.ts';
import { waitMsOf } from '../query.ts';
import { readBody, StartBody, StartKey } from './request-bodies.ts';
import { sagaReadRoutes } from './saga-read-routes.ts';

/** Starts, lists and reads sagas, below `/api/sagas`. */
export function sagaRoutes({ backstep, nowMs }: HttpContext): Hono<HttpEnv> {
  return new Hono<HttpEnv>()
    .post('/:type', async (c) => {
      const waitMs = waitMsOf(queryOf(c));
      const body = await readBody(c.req.raw, StartBody);
      const key = await startKey(body.key ?? null, c.req.header('idempotency-key'));
      const type = c.req.param('type');
      const started = await backstep.spawn(type, {
        input: body.input ?? null,
        ...(key === null ? {} : { key }),
        ...startOptions(body),
        ...traceOfRequest(c),
      });
      const { status, code, removed } = await startAnswer(started, waitMs);
      const location = `/api/sagas/${started.id}`;
      const { id, isNew } = started;
      return c.json({ id, type, status, isNew, ...removed }, code, { location });
    })
    .route('/', sagaReadRoutes(backstep, nowMs));
}

function startOptions({ startAt, delay }: z.infer<typeof StartBody>): Partial<SpawnOptions> {
  return {
    ...(typeof startAt === 'string' ? { startAt: new Date(startAt) } : {}),
    ...(typeof delay === 'string' ? { delay: delay as Duration } : {}), // spawn checks it
  };
}

async function startKey(inBody: string | null, header: string | undefined): Promise<string | null> {
  if (header === undefined) return inBody;
  const inHeader = await parseWith(StartKey, header);
  if (inBody === null || inBody === inHeader) return inHeader;
  const message = 'differs from the header Idempotency-Key';
  throw new BackstepError('input-invalid', `key ${message}`, {
    issues: [{ path: 'key', message, isTypeError: true }],
  });
}
