/**
 * The host of the sagas: `/api/capabilities`, `/api/versions`, and the calls between machines that run
 * sagas together, of which a host in one process has none: `/api/calls`, `/api/resync` and
 * `/api/sagas/{id}/nudge`.
 */
import { Hono } from 'hono';
import type { SagaDefinition } from '../../../core/define/definition.ts';
import { BackstepError } from '../../../core/errors.ts';
import { isoText, isoTime } from '../../../core/iso-time.ts';
import type { Backstep } from '../../../host/backstep.ts';
import type { CallFigures, HostCalls, StuckCall } from '../../../host/host-calls.ts';
import type { HttpContext } from '../../context.ts';
import type { HttpEnv } from '../../http-env.ts';
import { readBody, TrialBody } from '../request-bodies.ts';

/** Whole paths. */
export function hostRoutes({ backstep }: Pick<HttpContext, 'backstep'>): Hono<HttpEnv> {
  const { calls } = backstep;
  return new Hono<HttpEnv>()
    .get('/api/capabilities', (c) => c.json(backstep.capabilities))
    .get('/api/versions', async (c) => c.json({ items: await versionsOf(backstep) }))
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

/** Those of which there are sagas, and those that can run here. */
async function versionsOf({ definitions, read }: Backstep) {
  const counts = await read.versionCounts();
  const registered = definitions();
  const isRegistered = (type: string, version: number): boolean =>
    registered.some((each) => each.id === type && each.version === version);
  const isUnused = ({ id, version }: SagaDefinition): boolean =>
    !counts.some((each) => each.type === id && each.version === version);
  return [
    ...counts.map((each) => ({ ...each, isRegistered: isRegistered(each.type, each.version) })),
    ...registered.filter(isUnused).map(({ id: type, version }) => ({
      type,
      version,
      underWay: 0,
      total: 0,
      isRegistered: true,
    })),
  ];
}

function callsOf({ calls }: Pick<Backstep, 'calls'>): HostCalls {
  if (calls !== null) return calls;
  throw new BackstepError('not-legal', 'one process runs all sagas here: it makes no calls');
}

function callView({ sinceMs, ...call }: StuckCall) {
  return { ...call, since: isoText(sinceMs) };
}
