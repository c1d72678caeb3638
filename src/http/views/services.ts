/**
 * What the participants have: stock, payments, notifications, orders; and whether it all adds up.
 */
import { html } from 'hono/html';
import type { Inventory, Invariant, NotificationRow, OrderRow, PaymentRow } from '../order-demo.ts';
import { relativeText, type Html, sagaLink, table } from './html.ts';
import { badge } from './status-badge.ts';

export function inventoryTable({ items }: Inventory): Html {
  return table(
    'Stock by product',
    ['Product', 'Initial', 'On hand', 'Reserved', 'Shipped'],
    items.map((row) => [row.name, row.initial, row.on_hand, row.reserved, row.shipped]),
    'No products.',
  );
}

export function paymentTable(rows: readonly PaymentRow[]): Html {
  return table(
    'Payments, newest first',
    ['Order', 'Amount', 'Method', 'Status', 'Charged', 'Refunded'],
    rows.map((row) => [
      sagaLink(row.saga_id, row.order_id),
      `${row.amount} ${row.currency}`,
      row.payment_method.replaceAll('_', ' '),
      badge(row.status),
      relativeText(row.processed_at),
      relativeText(row.refunded_at),
    ]),
    'No charges yet.',
  );
}

export function notificationTable(rows: readonly NotificationRow[]): Html {
  return table(
    'Notifications, newest first',
    ['Order', 'Recipient', 'Status', 'Queued', 'Sent'],
    rows.map((row) => [
      sagaLink(row.saga_id, row.order_id),
      row.recipient,
      badge(row.status),
      relativeText(row.queued_at),
      relativeText(row.sent_at),
    ]),
    'No notifications yet.',
  );
}

export function orderTable(rows: readonly OrderRow[]): Html {
  return table(
    'Orders, newest first',
    ['Order', 'Product', 'Quantity', 'Amount', 'Status', 'Reason'],
    rows.map((row) => [
      sagaLink(row.saga_id, row.order_id),
      row.product_id,
      row.quantity,
      row.amount,
      badge(row.status),
      row.reason ?? '',
    ]),
    'No orders yet.',
  );
}

/** One box per statement: it holds when it holds everywhere. */
export function invariantBoxes(invariants: readonly Invariant[], isAtRest: boolean): Html {
  const groups = Map.groupBy(invariants, ({ statement }) => statement);
  return html`<ul class="invariants">
    ${[...groups].map(([statement, group]) => invariantBox(statement, group, isAtRest))}
  </ul>`;
}

function invariantBox(statement: string, group: readonly Invariant[], isAtRest: boolean): Html {
  const broken = group.filter(({ holds }) => holds === false);
  const settling = !isAtRest && broken.every(({ isExactAtRestOnly }) => isExactAtRestOnly);
  const [tone, icon, words] =
    broken.length > 0
      ? settling
        ? ['busy', '◷', 'not settled yet']
        : ['bad', '✗', 'broken']
      : group.some(({ holds }) => holds === null)
        ? ['calm', '?', 'cannot be told now']
        : ['good', '✓', 'holds'];
  return html`<li class="invariant tone-${tone}">
    <span class="icon" aria-hidden="true">${icon}</span> <b>${words}</b>: ${statement}
    ${broken.map(
      ({ name, expected, actual }) =>
        html`<span class="quiet"
          >${name}: ${expected ?? '?'} expected, ${actual ?? '?'} found</span
        >`,
    )}
  </li>`;
}
