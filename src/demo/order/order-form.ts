/**
 * The form that places an order, and what it answers.
 */
import { randomUUID } from 'node:crypto';
import { html } from 'hono/html';
import type { InventoryRow } from './order-demo.ts';
import { type Html, sagaLink } from '../../server/dashboard/frame/html.ts';

const PAYMENT_METHODS = [
  ['credit_card', 'Credit card'],
  ['paypal', 'PayPal'],
  ['bank_transfer', 'Bank transfer'],
] as const;

export interface OrderForm {
  readonly products: readonly InventoryRow[];
  /** One that was not used yet. */
  readonly newOrderId: string;
  /** ISO 4217: what the amount is in. */
  readonly currency: string;
}

/** The form. */
export function orderForm({ products, newOrderId, currency }: OrderForm): Html {
  return html`<form
      class="order-form"
      method="post"
      action="/saga/actions/orders"
      hx-post="/saga/actions/orders"
      hx-target="#order-result"
    >
      <label>Order id ${orderIdInput(newOrderId)}</label>
      <label
        >Customer id
        <input name="customer_id" value="customer-1" required maxlength="100" autocomplete="off"
      /></label>
      <label
        >E-mail
        <input
          name="customer_email"
          type="email"
          value="ada@example.com"
          required
          maxlength="254"
          autocomplete="off"
      /></label>
      <label
        >Product
        <select name="product_id">
          ${products.map(
            ({ product_id, name }) => html`<option value="${product_id}">${name}</option>`,
          )}
        </select></label
      >
      <label
        >Quantity <input name="quantity" type="number" value="1" min="1" max="1000" required
      /></label>
      <label
        >Amount in ${currency}
        <input
          name="amount"
          value="49.90"
          required
          inputmode="decimal"
          pattern="[0-9]{1,7}([.][0-9]{1,2})?"
          title="for example 49.90"
      /></label>
      <label
        >Payment
        <select name="payment_method">
          ${PAYMENT_METHODS.map(([id, label]) => html`<option value="${id}">${label}</option>`)}
        </select></label
      >
      <button class="primary" type="submit">Place order</button>
    </form>
    <div id="order-result" role="status"></div>`;
}

/** The order id's field alone: it is replaced after each order. */
export function orderIdInput(orderId: string): Html {
  return html`<input
    id="order-id"
    name="order_id"
    value="${orderId}"
    required
    maxlength="100"
    autocomplete="off"
  />`;
}

/** What is said after an order was accepted. */
export function orderAccepted(orderId: string, sagaId: string): Html {
  return html`<p class="note tone-good">
    <span class="icon" aria-hidden="true">✓</span> Order ${orderId} is accepted:
    ${sagaLink(sagaId, 'see its saga')}.
  </p>`;
}

/** An order id that nobody used: short enough to be read aloud. */
export function unusedOrderId(): string {
  return `order-${randomUUID().slice(0, 8)}`;
}
