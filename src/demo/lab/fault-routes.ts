/**
 * `/api/faults`: injected faults of the demo. Not mounted when faults are off.
 */
import { Hono } from 'hono';
import type { HttpContext, HttpEnv } from '../../server/context.ts';
import type { FaultControls } from './fault-controls.ts';
import { FaultBody, FaultsBody, readBody } from '../../server/api/request-bodies.ts';

/** The routes, to be mounted at `/api/faults`. */
export function faultRoutes({ crash }: HttpContext, faults: FaultControls): Hono<HttpEnv> {
  return new Hono<HttpEnv>()
    .get('/', (c) => c.json({ items: faults.list(), nextCursor: null }))
    .put('/', async (c) => {
      const { seed } = await readBody(c.req.raw, FaultsBody);
      faults.reseed(seed);
      return c.json({ items: faults.list(), nextCursor: null });
    })
    .delete('/', (c) => {
      faults.clear();
      return c.body(null, 204);
    })
    .put('/:activity', async (c) => {
      const settings = await readBody(c.req.raw, FaultBody);
      return c.json(faults.set(c.req.param('activity'), settings));
    })
    .post('/crash', (c) => {
      crash();
      return c.body(null, 204); // reached only where the process outlives its crash: in tests
    });
}
