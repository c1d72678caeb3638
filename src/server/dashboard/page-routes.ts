/**
 * Serves pages: each whole at its address, its forms where they are sent, and all of them live over
 * `WS /ws/page`, the one socket of every page.
 *
 * GET never changes anything. Nothing that a page sends over its socket is used: it acts by forms.
 */
import { upgradeWebSocket } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { type HttpContext, queryOf } from '../context.ts';
import { HttpProblem } from '../error-response.ts';
import type { HttpEnv } from '../http-env.ts';
import { socketSink } from '../live/feed-sinks.ts';
import type { PageHub } from '../live/page-hub.ts';
import { serveSocket } from '../live/socket-client.ts';
import type { Page } from '../page.ts';
import { badQuery } from '../query.ts';
import { asksForUpgrade } from '../upgrade.ts';
import { formRefusals } from './frame/form-answers.ts';
import { bannerGroup, PAGE_PARAMETER, type PageFrame } from './frame/page-frame.ts';

/** Every page and what its forms send to, with whole paths, and the socket of all pages. */
export function pageRoutes(
  context: HttpContext,
  hub: PageHub,
  pages: readonly Page[],
  frame: PageFrame,
): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>();
  for (const page of pages) {
    app.get(page.path, async (c) => {
      const server = `${new URL(c.req.url).origin}${context.prefix}`;
      const { content, status } = await frame.render(page, addressOf(c), server);
      return c.html(content, status);
    });
    if (page.actions === undefined) continue;
    page.actions.onError(formRefusals(frame, context.logger));
    app.route('/', page.actions);
  }
  return app.get(
    '/ws/page',
    asksForUpgrade,
    upgradeWebSocket((c) => {
      const query = queryOf(c);
      const page = pages.find(({ path }) => path === query.get(PAGE_PARAMETER));
      if (page === undefined) {
        const known = pages.map(({ path }) => path).join(', ');
        throw badQuery(PAGE_PARAMETER, `must be one of ${known}`);
      }
      const groups = [...page.groups(query), bannerGroup(context)];
      context.clients.requireRoom();
      return serveSocket(c, context, (socket) => hub.open(groups, socketSink(socket)));
    }),
    () => {
      throw new HttpProblem('upgrade-required', 'This is the WebSocket of a page.', {
        upgrade: 'websocket',
      });
    },
  );
}

/** The query of the address, with the parameters of its path. */
function addressOf(c: Context): URLSearchParams {
  const query = queryOf(c);
  query.delete(PAGE_PARAMETER);
  const parameters: Readonly<Record<string, string>> = c.req.param();
  for (const [name, value] of Object.entries(parameters)) query.set(name, value);
  return query;
}
