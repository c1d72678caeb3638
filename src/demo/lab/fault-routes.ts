/**
 * `/api/faults`: injected faults of the demo. Not mounted when faults are off.
 */
import { Hono } from 'hono';
import type { HttpEnv } from '../../server/http-env.ts';
import type { FaultControls } from './fault-controls.ts';
import { readBody } from '../../server/api/request-bodies.ts';
import { FaultBody, FaultsBody } from './fault-schemas.ts';

/** Sets and clears injected faults, below `/api/faults`. */
export function faultRoutes(faults: FaultControls, crash: () => void): Hono<HttpEnv> {
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
