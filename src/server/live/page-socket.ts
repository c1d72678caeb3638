/**
 * `WS /ws/page`: the one socket of every page. `view` says which page it is; the other parameters
 * are those of the page's own address.
 *
 * Nothing that a page sends is used: it acts by forms.
 */
import { upgradeWebSocket } from '@hono/node-server';
import { Hono } from 'hono';
import { queryOf, type HttpEnv } from '../context.ts';
import { HttpProblem } from '../error-response.ts';
import { socketSink } from './feed-sinks.ts';
import { bannerGroup, type PageKit } from '../dashboard/frame/page-frame.ts';
import type { PageView } from './page-region.ts';
import { badQuery } from '../query.ts';
import { serveSocket } from './socket-client.ts';
import { asksForUpgrade } from '../upgrade.ts';

/** The route, to be mounted at `/`; `views` by the name that pages connect with. */
export function pageSocket(
  { context, hub }: PageKit,
  views: ReadonlyMap<string, PageView>,
): Hono<HttpEnv> {
  return new Hono<HttpEnv>().get(
    '/ws/page',
    asksForUpgrade,
    upgradeWebSocket((c) => {
      const query = queryOf(c);
      const view = views.get(query.get('view') ?? '');
      if (view === undefined)
        throw badQuery('view', `must be one of ${[...views.keys()].join(', ')}`);
      const groups = [...view(query), bannerGroup(context)];
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
