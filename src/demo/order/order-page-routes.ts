/**
 * The order page. GET never changes anything.
 */
import { randomUUID } from 'node:crypto';
import { Hono } from 'hono';
import { definitionOf, queryOf, type HttpEnv } from '../../server/context.ts';
import { ORDER_SAGA, type OrderDemo } from './order-demo.ts';
import { orderPageGroups, shownPanels } from './order-page-groups.ts';
import { renderPage, type PageKit } from '../../server/dashboard/frame/page-frame.ts';
import { textOf } from '../../server/query.ts';
import { orderPage } from './order-page-view.ts';

/** The routes, to be mounted at `/`. */
export function pageRoutes(kit: PageKit, demo: OrderDemo): Hono<HttpEnv> {
  const { context } = kit;
  const { backstep, faults } = context;
  return new Hono<HttpEnv>().get('/saga', async (c) => {
    const sagaId = textOf(queryOf(c), 'id');
    const isUnknown = sagaId !== null && (await backstep.read.saga(sagaId)) === null;
    const { items } = await demo.inventory();
    const facts = {
      products: items,
      currency: demo.currency,
      newOrderId: newOrderId(),
      activities: definitionOf(backstep, ORDER_SAGA)?.activities ?? [],
      faults: faults === null ? null : faults.list(),
      isReadOnly: context.isReadOnly,
      panels: shownPanels(demo),
    };
    const groups = orderPageGroups(context, demo, sagaId);
    const page = await renderPage(
      kit,
      { title: 'Orders', at: '/saga', live: orderPageQuery(sagaId), groups },
      (region) => orderPage(facts, region),
    );
    return c.html(page, isUnknown ? 404 : 200);
  });
}

/** What the socket of the order page asks for. */
export function orderPageQuery(sagaId: string | null): string {
  return sagaId === null ? 'view=saga' : `view=saga&id=${encodeURIComponent(sagaId)}`;
}

/** An order id that nobody used: short enough to be read aloud. */
export function newOrderId(): string {
  return `order-${randomUUID().slice(0, 8)}`;
}
