/**
 * Makes orders up, so that there is something to see: any product, any customer, all valid.
 */
import { randomInt } from 'node:crypto';
import { Hono } from 'hono';
import { html } from 'hono/html';
import { BackstepError } from '../../core/errors.ts';
import { readForm } from '../../server/body.ts';
import { isFromScript } from '../../server/dashboard/frame/form-answers.ts';
import type { Html } from '../../server/dashboard/frame/html.ts';
import type { HttpEnv } from '../../server/http-env.ts';
import type { DemoContext } from '../demo-context.ts';
import { ORDER_SAGA } from './order-demo.ts';
import { unusedOrderId } from './order-form.ts';

const MAX_ORDERS = 100;
const CUSTOMERS = 50;
const MAX_QUANTITY = 3;
const PAYMENT_METHODS = ['credit_card', 'paypal', 'bank_transfer'];
const BATCHES = [1, 10, 100];
/** The one that a first visit is best served with. */
const PROPOSED_BATCH = 10;
const ORDERS_URL = '/saga/actions/order-batch';

/** The form that asks for them. */
export function createOrdersForm(): Html {
  return html`<form
    class="inline-form"
    method="post"
    action="${ORDERS_URL}"
    hx-post="${ORDERS_URL}"
    hx-target="#action-result"
    aria-label="Create orders"
  >
    ${BATCHES.map(
      (count) =>
        html`<button
          class="${count === PROPOSED_BATCH ? 'primary' : ''}"
          type="submit"
          name="count"
          value="${count}"
        >
          Create ${count === 1 ? 'an order' : `${count} orders`}
        </button>`,
    )}
  </form>`;
}

/** The route, with its whole path. */
export function orderBatchRoutes(context: DemoContext): Hono<HttpEnv> {
  return new Hono<HttpEnv>().post(ORDERS_URL, async (c) => {
    const count = countOf((await readForm(c.req.raw)).get('count'));
    await createOrders(context, count);
    if (!isFromScript(c)) return c.redirect('/', 303);
    return c.html(
      html`<p class="note tone-good">
        <span class="icon" aria-hidden="true">✓</span>
        ${count === 1 ? 'An order is' : `${count} orders are`} on the way:
        <a href="/sagas">see the sagas</a>.
      </p>`,
    );
  });
}

async function createOrders({ backstep, demo }: DemoContext, count: number): Promise<void> {
  const products = (await demo.inventory()).items.map(({ product_id }) => product_id);
  const bodies = Array.from({ length: count }, () => sampleOrder(products));
  const orders = await Promise.all(bodies.map((body) => demo.parseOrder(body)));
  await Promise.all(orders.map(({ input, key }) => backstep.spawn(ORDER_SAGA, { input, key })));
}

function sampleOrder(products: readonly string[]): Record<string, unknown> {
  const customer = randomInt(1, CUSTOMERS + 1);
  return {
    order_id: unusedOrderId(),
    customer_id: `customer-${customer}`,
    customer_email: `customer-${customer}@example.com`,
    product_id: products[randomInt(Math.max(1, products.length))] ?? '',
    quantity: randomInt(1, MAX_QUANTITY + 1),
    amount: `${randomInt(5, 200)}.90`,
    payment_method: PAYMENT_METHODS[randomInt(PAYMENT_METHODS.length)] ?? '',
  };
}

function countOf(given: string | undefined): number {
  const count = /^\d{1,3}$/.test(given ?? '') ? Number(given) : NaN;
  if (count >= 1 && count <= MAX_ORDERS) return count;
  const message = `must be a whole number from 1 to ${MAX_ORDERS}`;
  throw new BackstepError('input-invalid', `count ${message}`, {
    issues: [{ path: 'count', message, isTypeError: false }],
  });
}
