/**
 * `/api/alerts`: rules and targets, what the rules found, and whether that arrived. Nothing here
 * changes a rule: they are the program's.
 */
import { Hono } from 'hono';
import { z } from 'zod';
import { isoTime } from '../../core/iso-time.ts';
import type { AlertIncident, AlertMessage } from '../../host/alerts/alerts-face.ts';
import type { Alert } from '../../host/alerts/alert-options.ts';
import { authorOf, type HttpContext, queryOf } from '../context.ts';
import type { HttpEnv } from '../http-env.ts';
import { PageQuery, pageOf, readQuery } from '../query.ts';
import { accepted, BODY, list, ok, type Operation } from './operation.ts';
import * as answers from './alert-answers.ts';
import { API_AUTHOR, readBody } from './request-bodies.ts';

/** Of the list of incidents. */
const IncidentQuery = PageQuery.extend({
  open: z
    .enum(['true', 'false'], 'must be true or false')
    .optional()
    .meta({ description: 'Only those that are not resolved, or that are.' }),
});

/** Body of `POST /api/alerts/trials`. */
const TrialBody = z.strictObject({
  target: z.string().min(1).max(255).meta({ description: 'Its name.' }),
});

/** Below `/api/alerts`. */
export function alertRoutes({ backstep: { alerts } }: HttpContext): Hono<HttpEnv> {
  return new Hono<HttpEnv>()
    .get('/', (c) => {
      const rules = alerts.rules();
      return c.json({ rules, targets: alerts.targets(), deliveries: alerts.figures() });
    })
    .get('/incidents', async (c) => {
      const query = queryOf(c);
      const { open } = readQuery(query, IncidentQuery);
      const isOpen = open === undefined ? undefined : open === 'true';
      const { items, nextCursor } = await alerts.incidents(pageOf(query), isOpen);
      return c.json({ items: items.map(incidentView), nextCursor });
    })
    .get('/deliveries', async (c) => {
      const { items, nextCursor } = await alerts.deliveries(pageOf(queryOf(c)));
      return c.json({ items: items.map(deliveryView), nextCursor });
    })
    .post('/trials', async (c) => {
      const { target } = await readBody(c.req.raw, TrialBody);
      return c.json({ id: await alerts.trial(target, authorOf(c, API_AUTHOR)) }, 202);
    });
}

/** The routes in the OpenAPI document. */
export const ALERT_OPERATIONS: readonly Operation[] = [
  {
    method: 'get',
    path: '/api/alerts',
    summary: 'Rules of alerts, who is told, and how many messages do not arrive.',
    answers: ok(answers.AlertOverview),
  },
  {
    method: 'get',
    path: '/api/alerts/incidents',
    summary: 'What the rules found, newest first.',
    query: IncidentQuery,
    answers: list(answers.AlertIncident),
    refusals: [400],
  },
  {
    method: 'get',
    path: '/api/alerts/deliveries',
    summary: 'Messages and whether they arrived, newest first; settled ones for thirty days.',
    query: PageQuery,
    answers: list(answers.AlertDelivery),
    refusals: [400],
  },
  {
    method: 'post',
    path: '/api/alerts/trials',
    summary: 'Send a message to a target that only shows that messages arrive.',
    body: TrialBody,
    answers: accepted(answers.AlertTrial),
    refusals: [...BODY, 404],
  },
];

function incidentView({ openedAtMs, resolvedAtMs, ...rest }: AlertIncident): object {
  return { ...rest, openedAt: isoTime(openedAtMs), resolvedAt: isoTime(resolvedAtMs) };
}

function deliveryView(delivery: AlertMessage): object {
  const { message, target, kind, incident, rule, attempts, outcome, error } = delivery;
  return {
    id: message,
    target,
    kind,
    incident,
    rule,
    summary: summaryOf(delivery),
    createdAt: isoTime(delivery.createdAtMs),
    nextTryAt: isoTime(delivery.dueAtMs),
    attempts,
    settledAt: isoTime(delivery.settledAtMs),
    outcome,
    error,
  };
}

/** What a message says, in one sentence. */
export function summaryOf({ body }: Pick<AlertMessage, 'body'>): string {
  return (JSON.parse(body) as Alert).data.summary;
}
