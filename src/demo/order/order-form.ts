/**
 * The form that places an order, and what it answers.
 */
import { html } from 'hono/html';
import type { ProblemBody } from '../../server/error-response.ts';
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

/** What is said when something was refused; `isTitled`: the page's heading is its title. */
export function refusal(
  { title, detail, issues = [], legal = [] }: ProblemBody,
  isTitled = false,
): Html {
  const isOfIssues = issues.some(({ message }) => detail.endsWith(message));
  const isListed = issues.length > 1 || !isOfIssues;
  return html`<div class="note tone-bad" role="alert">
    <p>
      <span class="icon" aria-hidden="true">✗</span>
      ${isTitled ? '' : html`<strong>${title}:</strong>`}
      ${isOfIssues && isListed ? 'several things are wrong.' : asSentence(detail, isTitled)}
    </p>
    ${
      issues.length === 0 || !isListed
        ? ''
        : html`<ul>
            ${issues.map(({ path, message }) => html`<li>${path}: ${message}</li>`)}
          </ul>`
    }
    ${legal.length === 0 ? '' : html`<p>Legal now: ${legal.join(', ')}.</p>`}
  </div>`;
}

/** The engine's messages go on after a colon; alone they begin with a capital letter. */
function asSentence(detail: string, isAlone: boolean): string {
  const begun = isAlone ? detail.charAt(0).toUpperCase() + detail.slice(1) : detail;
  return /[.!?}]$/.test(begun) ? begun : `${begun}.`;
}
