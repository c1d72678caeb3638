/**
 * `/api/faults`: injected faults of the demo. Not mounted when faults are off.
 */
import { Hono } from 'hono';
import { readJsonObject } from './body.ts';
import { BackstepError } from '../core/errors.ts';
import type { HttpContext, HttpEnv } from './context.ts';
import type { FaultControls } from './fault-controls.ts';

/** The routes, to be mounted at `/api/faults`. */
export function faultRoutes({ crash }: HttpContext, faults: FaultControls): Hono<HttpEnv> {
  return new Hono<HttpEnv>()
    .get('/', (c) => c.json({ items: faults.list(), nextCursor: null }))
    .put('/', async (c) => {
      const { seed, ...others } = await readJsonObject(c.req.raw);
      const stranger = Object.keys(others)[0];
      if (stranger !== undefined) throw unknownSetting(stranger);
      faults.reseed(seed);
      return c.json({ items: faults.list(), nextCursor: null });
    })
    .delete('/', (c) => {
      faults.clear();
      return c.body(null, 204);
    })
    .put('/:activity', async (c) => {
      const settings = await readJsonObject(c.req.raw);
      return c.json(faults.set(c.req.param('activity'), settings));
    })
    .post('/crash', (c) => {
      crash();
      return c.body(null, 204); // reached only where the process outlives its crash: in tests
    });
}

function unknownSetting(path: string): BackstepError {
  return new BackstepError('input-invalid', `${path} is not a setting of all faults`, {
    issues: [{ path, message: 'is not a setting of all faults', isTypeError: true }],
  });
}
