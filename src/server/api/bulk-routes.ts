/**
 * `/api/bulk`: one command for many sagas, over a list that is frozen first.
 *
 * `start: false` freezes only, so that a person can be asked with the exact number; a second
 * request starts it. The answer to each saga is kept and can be read while the others still run.
 */
import { Hono } from 'hono';
import { BackstepError } from '../../core/errors.ts';
import type { BulkProgress } from '../../host/upkeep/bulk-commands.ts';
import type { BulkRecord } from '../../store/queries/bulk-records.ts';
import type { SagaFilter } from '../../store/read-models.ts';
import { authorOf, queryOf, type HttpContext } from '../context.ts';
import type { HttpEnv } from '../http-env.ts';
import { isoTime } from '../../core/iso-time.ts';
import { pageOf, readQuery } from '../query.ts';
import {
  API_AUTHOR,
  BulkBody,
  BulkItemsQuery,
  readBody,
  sagaFilterOfBody,
} from './request-bodies.ts';

/** Freezes, starts, stops and reads bulk commands, below `/api/bulk`. */
export function bulkRoutes({ backstep: { bulk }, nowMs }: HttpContext): Hono<HttpEnv> {
  return new Hono<HttpEnv>()
    .post('/', async (c) => {
      const body = await readBody(c.req.raw, BulkBody);
      const { command, ids = [], filter } = body;
      const frozen = await bulk.freeze({
        command,
        by: authorOf(c, API_AUTHOR, body.by),
        reason: body.reason ?? null,
        sagas: filter === undefined ? { ids } : { filter: sagaFilterOfBody(filter, nowMs()) },
      });
      const shown = body.start ? await bulk.start(frozen.id) : frozen;
      return c.json(progressView(shown), 202, { location: `/api/bulk/${frozen.id}` });
    })
    .get('/', async (c) => {
      const page = await bulk.list(pageOf(queryOf(c)));
      return c.json({ items: page.items.map(bulkView), nextCursor: page.nextCursor });
    })
    .get('/:bulk', async (c) =>
      c.json(progressView(await bulk.find(bulkIdOf(c.req.param('bulk'))))),
    )
    .post('/:bulk/start', async (c) =>
      c.json(progressView(await bulk.start(bulkIdOf(c.req.param('bulk')))), 202),
    )
    .post('/:bulk/stop', async (c) =>
      c.json(progressView(await bulk.stop(bulkIdOf(c.req.param('bulk'))))),
    )
    .get('/:bulk/sagas', async (c) => {
      const query = queryOf(c);
      const id = bulkIdOf(c.req.param('bulk'));
      const { outcome = null } = readQuery(query, BulkItemsQuery);
      const page = await bulk.items(id, outcome, pageOf(query));
      const items = page.items.map(({ position: _, ...item }) => item);
      return c.json({ items, nextCursor: page.nextCursor });
    });
}

function progressView({ counts, ...record }: BulkProgress): object {
  return { ...bulkView(record), ...counts };
}

function bulkView(record: BulkRecord): object {
  const { createdAtMs, startedAtMs, endedAtMs, filter, ...rest } = record;
  return {
    ...rest,
    state: startedAtMs === null ? 'frozen' : endedAtMs === null ? 'running' : 'ended',
    filter: filter === null ? null : filterView(filter),
    createdAt: isoTime(createdAtMs),
    startedAt: isoTime(startedAtMs),
    endedAt: isoTime(endedAtMs),
  };
}

function filterView(stored: string): object {
  // Written by `freeze` from a filter.
  const { minAttempts, updatedBeforeMs, text, ...rest } = JSON.parse(stored) as SagaFilter;
  return {
    ...rest,
    ...(minAttempts === undefined ? {} : { attempts: minAttempts }),
    ...(updatedBeforeMs === undefined ? {} : { updatedBefore: isoTime(updatedBeforeMs) }),
    ...(text === undefined ? {} : { q: text }),
  };
}

/** The number of a bulk command, from an address. Throws `not-found`. */
export function bulkIdOf(text: string): number {
  if (/^\d{1,12}$/.test(text)) return Number(text);
  throw new BackstepError('not-found', `there is no bulk command ${text.slice(0, 100)}`);
}
