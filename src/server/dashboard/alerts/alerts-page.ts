/**
 * `/alerts`: rules, what they found, whether that arrived; and a trial.
 *
 * Invariant: no address and no secret is shown, see `AlertTargetInfo`.
 */
import { Hono } from 'hono';
import { html } from 'hono/html';
import { HttpProblem } from '../../error-response.ts';
import { readForm } from '../../body.ts';
import { authorOf, type HttpContext, PAGE_AUTHOR } from '../../context.ts';
import type { HttpEnv } from '../../http-env.ts';
import { region, type RegionGroup } from '../../live/page-region.ts';
import type { Page } from '../../page.ts';
import { textOf } from '../../query.ts';
import { alertsContent, alertsPage } from './alerts-view.ts';
import { isFromScript } from '../frame/form-answers.ts';

const MIN_AGE_MS = 1_000;
const SHOWN = 20;

/** The page. */
export function createAlertsPage(context: HttpContext): Page {
  return {
    path: '/alerts',
    title: 'Alerts',
    nav: 'Alerts',
    groups: (query) => [groupOf(context, textOf(query, 'cursor'))],
    content: alertsPage,
    actions: actionsOf(context),
  };
}

function actionsOf(context: HttpContext): Hono<HttpEnv> {
  return new Hono<HttpEnv>().post('/alerts/trials', async (c) => {
    const target = (await readForm(c.req.raw)).get('target');
    if (target === undefined) throw new HttpProblem('route-unknown', 'Name a target.');
    await context.backstep.alerts.trial(target, authorOf(c, PAGE_AUTHOR));
    context.touch();
    if (!isFromScript(c)) return c.redirect('/alerts', 303);
    return c.html(html`<p class="note tone-good">A trial to ${target} is on its way.</p>`);
  });
}

function groupOf(context: HttpContext, cursor: string | null): RegionGroup {
  const { backstep, isReadOnly } = context;
  const { alerts } = backstep;
  return {
    key: `alerts ${cursor ?? ''}`,
    minAgeMs: MIN_AGE_MS,
    render: async () => {
      const [incidents, past, deliveries] = await Promise.all([
        alerts.incidents({ limit: 200, cursor: null }, true),
        alerts.incidents({ limit: SHOWN, cursor: null }, false),
        alerts.deliveries({ limit: SHOWN, cursor }),
      ]);
      const rules = alerts.rules();
      const targets = alerts.targets();
      const shown = { open: incidents.items, past: past.items, deliveries, isReadOnly };
      return [await region('alerts', alertsContent({ rules, targets, ...shown }))];
    },
  };
}
