/**
 * The form that places an order, and what it answers.
 */
import { html } from 'hono/html';
import type { ProblemBody } from '../error-response.ts';
import type { InventoryRow } from '../order-demo.ts';
import { type Html, sagaLink } from './html.ts';

const PAYMENT_METHODS = [
  ['credit_card', 'Credit card'],
  ['paypal', 'PayPal'],
  ['bank_transfer', 'Bank transfer'],
] as const;

/** The form, with an order id that was not used yet. */
export function orderForm(products: readonly InventoryRow[], orderId: string): Html {
  return html`<form
      class="order-form"
      method="post"
      action="/saga/actions/orders"
      hx-post="/saga/actions/orders"
      hx-target="#order-result"
    >
      <label>Order id ${orderIdInput(orderId)}</label>
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
        >Amount
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

/** What is said when something was refused. */
export function refusal({ title, detail, issues = [], legal = [] }: ProblemBody): Html {
  return html`<div class="note tone-bad" role="alert">
    <p><span class="icon" aria-hidden="true">✗</span> <strong>${title}.</strong> ${detail}</p>
    ${
      issues.length === 0
        ? ''
        : html`<ul>
            ${issues.map(({ path, message }) => html`<li>${path}: ${message}</li>`)}
          </ul>`
    }
    ${legal.length === 0 ? '' : html`<p>Legal now: ${legal.join(', ')}.</p>`}
  </div>`;
}
