/**
 * `/saga`: the order page. What its forms do is in `order-page-actions.ts`.
 */
import { textOf } from '../../server/query.ts';
import type { Page, PageView } from '../../server/page.ts';
import { definitionOf } from '../../server/saga-lookup.ts';
import type { DemoContext } from '../demo-context.ts';
import { ORDER_SAGA } from './order-demo.ts';
import { unusedOrderId } from './order-form.ts';
import { orderPageActions } from './order-page-actions.ts';
import { orderPageGroups, shownPanels } from './order-page-groups.ts';
import { ORDER_PAGE, orderPage } from './order-page-view.ts';

/** The page. */
export function createOrderPage(context: DemoContext): Page {
  return {
    path: ORDER_PAGE,
    nav: 'Orders',
    groups: (query) => orderPageGroups(context, textOf(query, 'id')),
    look: (query) => pageAt(context, textOf(query, 'id')),
    actions: orderPageActions(context),
  };
}

async function pageAt(
  { backstep, demo, faults, isReadOnly }: DemoContext,
  sagaId: string | null,
): Promise<PageView> {
  const isUnknown = sagaId !== null && (await backstep.read.saga(sagaId)) === null;
  const { items } = await demo.inventory();
  const facts = {
    products: items,
    currency: demo.currency,
    newOrderId: unusedOrderId(),
    activities: definitionOf(backstep, ORDER_SAGA)?.activities ?? [],
    faults: faults === null ? null : faults.list(),
    isReadOnly,
    panels: shownPanels(demo),
  };
  return {
    title: 'Orders',
    status: isUnknown ? 404 : 200,
    content: (place) => orderPage(facts, place),
  };
}
