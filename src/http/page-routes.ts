/**
 * The order page, its socket, and the way to it from `/`. GET never changes anything.
 */
import { randomUUID } from 'node:crypto';
import { upgradeWebSocket } from '@hono/node-server';
import { Hono } from 'hono';
import { definitionOf, queryOf, type HttpContext, type HttpEnv } from './context.ts';
import { HttpProblem } from './error-response.ts';
import { socketSink } from './feed-sinks.ts';
import { ORDER_SAGA, type OrderDemo } from './order-demo.ts';
import type { PageHub } from './page-hub.ts';
import { textOf } from './query.ts';
import { serveSocket } from './socket-client.ts';
import { orderPage } from './views/order-page.ts';

/** The routes, to be mounted at `/`. */
export function pageRoutes(context: HttpContext, demo: OrderDemo, hub: PageHub): Hono<HttpEnv> {
  const { backstep, faults, clients } = context;
  return new Hono<HttpEnv>()
    .get('/', (c) => c.redirect('/saga', 302))
    .get('/saga', async (c) => {
      const sagaId = textOf(queryOf(c), 'id');
      const isUnknown = sagaId !== null && (await backstep.read.saga(sagaId)) === null;
      const regions = await hub.regions(sagaId);
      const { items } = await demo.inventory();
      const page = orderPage({
        sagaId,
        products: items,
        newOrderId: newOrderId(),
        activities: definitionOf(backstep, ORDER_SAGA)?.activities ?? [],
        faults: faults === null ? null : faults.list(),
        regions: new Map(regions.map(({ id, html }) => [id, html])),
      });
      return c.html(page, isUnknown ? 404 : 200);
    })
    .get(
      '/ws/page',
      upgradeWebSocket((c) => {
        const query = queryOf(c);
        if (query.get('view') !== 'saga') {
          throw new HttpProblem('query-invalid', 'view: must be saga');
        }
        const sagaId = textOf(query, 'id');
        clients.requireRoom();
        return serveSocket(context, (socket) => hub.open(sagaId, socketSink(socket)));
      }),
      () => {
        throw new HttpProblem('upgrade-required', 'This is the WebSocket of a page.', {
          upgrade: 'websocket',
        });
      },
    );
}

/** An order id that nobody used: short enough to be read aloud. */
export function newOrderId(): string {
  return `order-${randomUUID().slice(0, 8)}`;
}
