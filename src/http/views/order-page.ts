/**
 * The order page as a whole: form, faults, the live regions in their places.
 */
import { html, raw } from 'hono/html';
import type { ActiveFault } from '../fault-controls.ts';
import type { InventoryRow } from '../order-demo.ts';
import { faultPanel, faultsOff } from './fault-panel.ts';
import type { Html } from './html.ts';
import { layout } from './layout.ts';
import { orderForm } from './order-form.ts';
import { sagaTable } from './saga-list.ts';

export interface OrderPage {
  readonly sagaId: string | null;
  readonly products: readonly InventoryRow[];
  readonly newOrderId: string;
  readonly activities: readonly string[];
  /** `null`: switched off. */
  readonly faults: readonly ActiveFault[] | null;
  /** The regions' rendered content by element id. */
  readonly regions: ReadonlyMap<string, string>;
}

/** The page. */
export function orderPage(page: OrderPage): Html {
  // Regions are output of `html`: already escaped.
  const region = (id: string): Html => html`${raw(page.regions.get(id) ?? '')}`;
  return layout(
    'Orders',
    html`<h1>Orders</h1>
      ${liveSocket(page.sagaId)}
      <div class="columns">
        <section aria-labelledby="place">
          <h2 id="place">Place an order</h2>
          ${orderForm(page.products, page.newOrderId)}
        </section>
        <section aria-labelledby="faults">
          <h2 id="faults">Simulate failures</h2>
          ${page.faults === null ? faultsOff() : faultPanel(page.activities)}
          <div id="faults-active" aria-live="polite">${region('faults-active')}</div>
        </section>
      </div>
      <div id="action-result" role="status"></div>
      <section id="saga-detail" aria-label="One saga">${region('saga-detail')}</section>
      <section aria-labelledby="sagas">
        <h2 id="sagas">Sagas</h2>
        <div id="counts">${region('counts')}</div>
        ${sagaTable(region('saga-rows'))}
      </section>
      <section aria-labelledby="letters">
        <h2 id="letters">Dead letters</h2>
        <div id="dead-letters">${region('dead-letters')}</div>
      </section>
      <section aria-labelledby="sums">
        <h2 id="sums">Does it add up?</h2>
        <div id="invariants">${region('invariants')}</div>
      </section>
      <div class="columns">
        ${service('Inventory', 'inventory', region)} ${service('Orders', 'orders', region)}
        ${service('Payments', 'payments', region)}
        ${service('Notifications', 'notifications', region)}
      </div>`,
  );
}

/** The element that holds the page's socket; replacing it changes what the page follows. */
export function liveSocket(sagaId: string | null): Html {
  const query = sagaId === null ? '' : `&id=${encodeURIComponent(sagaId)}`;
  return html`<div
    id="live"
    hidden
    hx-ws:connect="/ws/page?view=saga${query}"
    hx-swap="none"
  ></div>`;
}

function service(title: string, id: string, region: (id: string) => Html): Html {
  return html`<section aria-labelledby="title-${id}">
    <h2 id="title-${id}">${title}</h2>
    <div id="${id}">${region(id)}</div>
  </section>`;
}
