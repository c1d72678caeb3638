/**
 * The order page as a whole: form, faults, the live regions in their places.
 */
import { html } from 'hono/html';
import type { ActiveFault } from '../lab/fault-controls.ts';
import type { InventoryRow } from './order-demo.ts';
import type { Panel } from '../../server/dashboard/services/panel.ts';
import { faultPanel, faultsOff } from '../lab/fault-panel.ts';
import { type Html, readOnlyNote } from '../../server/dashboard/frame/html.ts';
import { pageHead } from '../../server/dashboard/frame/layout.ts';
import { orderForm } from './order-form.ts';
import { sagaTable } from '../../server/dashboard/sagas/sagas-view.ts';

/** The path of the page. */
export const ORDER_PAGE = '/saga';

export interface OrderPage {
  readonly products: readonly InventoryRow[];
  /** ISO 4217: what the form's amount is in. */
  readonly currency: string;
  readonly newOrderId: string;
  readonly activities: readonly string[];
  /** `null`: switched off. */
  readonly faults: readonly ActiveFault[] | null;
  readonly isReadOnly: boolean;
  readonly panels: readonly Pick<Panel, 'id' | 'title'>[];
}

/** The content of the page; `region` gives the content of its regions by element id. */
export function orderPage(page: OrderPage, region: (id: string) => Html): Html {
  const lead = page.isReadOnly
    ? 'What was ordered, and what became of it.'
    : 'Place one, break something, and watch what was done being undone.';
  return html`${pageHead('Orders', lead)}
    <div class="columns">
      <section aria-labelledby="place">
        <h2 id="place">Place an order</h2>
        ${page.isReadOnly ? readOnlyNote('no order can be placed here') : orderForm(page)}
      </section>
      <section aria-labelledby="faults">
        <h2 id="faults">Simulate failures</h2>
        ${simulations(page)}
        <div id="faults-active" aria-live="polite">${region('faults-active')}</div>
      </section>
    </div>
    <div id="action-result" role="status"></div>
    <section id="saga-detail" aria-label="One saga">${region('saga-detail')}</section>
    <section aria-labelledby="sagas">
      <h2 id="sagas">Sagas</h2>
      <div id="counts">${region('counts')}</div>
      ${sagaTable(region('saga-rows'), { bodyId: 'saga-rows' })}
      <div id="more-sagas">${region('more-sagas')}</div>
    </section>
    <section aria-labelledby="letters">
      <h2 id="letters">Dead letters</h2>
      <div id="dead-letters">${region('dead-letters')}</div>
    </section>
    <section aria-labelledby="sums">
      <h2 id="sums">Consistency</h2>
      <div id="invariants">${region('invariants')}</div>
    </section>
    <div class="columns panels">
      ${page.panels.map(({ id, title }) => service(title, id, region))}
    </div>`;
}

function simulations({ faults, activities, isReadOnly }: OrderPage): Html {
  if (faults === null) return faultsOff();
  return isReadOnly ? readOnlyNote('nothing can be broken here') : faultPanel(activities);
}

function service(title: string, id: string, region: (id: string) => Html): Html {
  return html`<section aria-labelledby="title-${id}">
    <h2 id="title-${id}">${title}</h2>
    <div id="${id}">${region(id)}</div>
  </section>`;
}
