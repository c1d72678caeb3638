/**
 * `/api/calls`, `/api/resync` and `/api/sagas/{id}/nudge`: the calls between machines that run sagas
 * together, of which a host in one process has none.
 */
import { Hono } from 'hono';
import { BackstepError } from '../../core/errors.ts';
import { isoText, isoTime } from '../../core/iso-time.ts';
import type { Backstep } from '../../host/backstep.ts';
import type { CallFigures, HostCalls, StuckCall } from '../../host/host-calls.ts';
import type { HttpContext } from '../context.ts';
import type { HttpEnv } from '../http-env.ts';
import { readBody, TrialBody } from './request-bodies.ts';

/** Whole paths. */
export function callRoutes({ backstep }: Pick<HttpContext, 'backstep'>): Hono<HttpEnv> {
  const { calls } = backstep;
  return new Hono<HttpEnv>()
    .get('/api/calls', async (c) => {
      if (calls === null) return c.json({ isOneProcess: true, figures: null, troubles: [] });
      const troubles = (await calls.troubles()).map((trouble) => ({
        ...trouble,
        examples: trouble.examples.map(callView),
      }));
      return c.json({ isOneProcess: false, figures: figuresView(calls.figures()), troubles });
    })
    .post('/api/sagas/:id/nudge', async (c) => {
      const { dryRun: isTrial } = await readBody(c.req.raw, TrialBody);
      const id = c.req.param('id');
      const nudged = await callsOf(backstep).nudge(id, { isTrial });
      return c.json({ id, ...nudged, calls: nudged.calls.map(callView) }, 202);
    })
    .get('/api/resync', (c) => c.json(callsOf(backstep).resynced()))
    .post('/api/resync', async (c) => {
      const { dryRun: isTrial } = await readBody(c.req.raw, TrialBody);
      return c.json(await callsOf(backstep).resync({ isTrial }), 202);
    });
}

/** The figures as the API tells them. */
export function figuresView(figures: CallFigures | null): object | null {
  if (figures === null) return null;
  const { oldestUnwrittenMs, ...counts } = figures;
  return { ...counts, oldestUnwrittenAt: isoTime(oldestUnwrittenMs) };
}

function callsOf({ calls }: Pick<Backstep, 'calls'>): HostCalls {
  if (calls !== null) return calls;
  throw new BackstepError('not-legal', 'one process runs all sagas here: it makes no calls');
}

function callView({ sinceMs, ...call }: StuckCall) {
  return { ...call, since: isoText(sinceMs) };
}
