/**
 * The order page, and the way to it from `/`. GET never changes anything.
 */
import { randomUUID } from 'node:crypto';
import { Hono } from 'hono';
import { definitionOf, queryOf, type HttpContext, type HttpEnv } from './context.ts';
import { ORDER_SAGA, type OrderDemo } from './order-demo.ts';
import { orderPageGroups } from './order-page-groups.ts';
import type { PageHub } from './page-hub.ts';
import { contentOf } from './page-region.ts';
import { textOf } from './query.ts';
import { orderPage } from './views/order-page.ts';

/** The routes, to be mounted at `/`. */
export function pageRoutes(context: HttpContext, demo: OrderDemo, hub: PageHub): Hono<HttpEnv> {
  const { backstep, faults } = context;
  return new Hono<HttpEnv>()
    .get('/', (c) => c.redirect('/saga', 302))
    .get('/saga', async (c) => {
      const sagaId = textOf(queryOf(c), 'id');
      const isUnknown = sagaId !== null && (await backstep.read.saga(sagaId)) === null;
      const regions = await hub.regions(orderPageGroups(context, demo, sagaId));
      const { items } = await demo.inventory();
      const page = orderPage({
        sagaId,
        products: items,
        newOrderId: newOrderId(),
        activities: definitionOf(backstep, ORDER_SAGA)?.activities ?? [],
        faults: faults === null ? null : faults.list(),
        regions: contentOf(regions),
      });
      return c.html(page, isUnknown ? 404 : 200);
    });
}

/** An order id that nobody used: short enough to be read aloud. */
export function newOrderId(): string {
  return `order-${randomUUID().slice(0, 8)}`;
}
