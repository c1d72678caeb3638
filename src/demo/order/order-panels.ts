/**
 * What each participant of the order demo shows of itself: stock, reservations, payments, mails,
 * orders.
 */
import type { Page } from '../../store/read-models.ts';
import { moneyInWords } from '../../server/dashboard/services/money.ts';
import type { Figure, Panel, PanelContent } from '../../server/dashboard/services/panel.ts';
import type { OrderDemo, PaymentTotals } from './order-demo.ts';

/** The newest ones; all of them are in the API. */
const SHOWN_RESERVATIONS = 10;

/** The panels of the order demo. */
export function orderPanels(demo: OrderDemo): readonly Panel[] {
  return [
    { id: 'stock', title: 'Inventory: stock', read: () => stock(demo) },
    { id: 'reservations', title: 'Inventory: reservations', read: () => reservations(demo) },
    { id: 'payments', title: 'Payments', read: (page) => payments(demo, page) },
    { id: 'notifications', title: 'Notifications', read: (page) => notifications(demo, page) },
    { id: 'orders', title: 'Orders', read: (page) => orders(demo, page) },
  ];
}

async function stock(demo: OrderDemo): Promise<PanelContent> {
  const { items } = await demo.inventory();
  return {
    columns: ['Product', 'Initial', 'On hand', 'Reserved', 'Shipped'],
    rows: items.map((row) => [row.name, row.initial, row.on_hand, row.reserved, row.shipped]),
    empty: 'No products: run npm run migrate.',
    nextCursor: null,
  };
}

async function reservations(demo: OrderDemo): Promise<PanelContent> {
  const { reservations: rows } = await demo.inventory();
  return {
    columns: ['Order', 'Product', 'Quantity', 'Status', 'Reserved'],
    rows: rows
      .slice(0, SHOWN_RESERVATIONS)
      .map((row) => [
        { kind: 'saga', id: row.saga_id, text: row.order_id },
        row.product_id,
        row.quantity,
        { kind: 'state', state: row.status },
        { kind: 'time', at: row.reserved_at },
      ]),
    empty: 'Nothing was reserved yet: create an order.',
    nextCursor: null,
  };
}

async function payments(demo: OrderDemo, page: Page): Promise<PanelContent> {
  const [list, totals] = await Promise.all([demo.payments(page), demo.paymentTotals()]);
  return {
    figures: figuresOf(totals),
    columns: ['Order', 'Amount', 'Method', 'Status', 'Since'],
    rows: list.items.map((row) => [
      { kind: 'saga', id: row.saga_id, text: row.order_id },
      { kind: 'money', amount: row.amount, currency: row.currency },
      row.payment_method.replaceAll('_', ' '),
      { kind: 'state', state: row.status },
      { kind: 'time', at: row.refunded_at ?? row.processed_at },
    ]),
    empty: 'Nothing was charged yet: create an order.',
    nextCursor: list.nextCursor,
  };
}

function figuresOf(totals: PaymentTotals): readonly Figure[] {
  const { charges, charged, refunds, refunded, net, currency } = totals;
  return [
    { label: `charged, ${inWords(charges, 'charge')}`, value: moneyInWords(charged, currency) },
    {
      label: `given back, ${inWords(refunds, 'refund')}`,
      value: moneyInWords(refunded, currency),
    },
    { label: 'net', value: moneyInWords(net, currency) },
  ];
}

function inWords(count: number, noun: string): string {
  return count === 1 ? `one ${noun}` : `${count} ${noun}s`;
}

async function notifications(demo: OrderDemo, page: Page): Promise<PanelContent> {
  const list = await demo.notifications(page);
  return {
    columns: ['Order', 'Recipient', 'Status', 'Since'],
    rows: list.items.map((row) => [
      { kind: 'saga', id: row.saga_id, text: row.order_id },
      row.recipient,
      { kind: 'state', state: row.status },
      { kind: 'time', at: row.sent_at ?? row.cancelled_at ?? row.queued_at },
    ]),
    empty: 'No mail was queued yet: create an order.',
    nextCursor: list.nextCursor,
  };
}

async function orders(demo: OrderDemo, page: Page): Promise<PanelContent> {
  const list = await demo.orders(page);
  return {
    columns: ['Order', 'Product', 'Quantity', 'Amount', 'Status', 'Reason'],
    rows: list.items.map((row) => [
      { kind: 'saga', id: row.saga_id, text: row.order_id },
      row.product_id,
      row.quantity,
      { kind: 'money', amount: row.amount, currency: row.currency },
      { kind: 'state', state: row.status },
      row.reason ?? '',
    ]),
    empty: 'No order was confirmed yet: create one.',
    nextCursor: list.nextCursor,
  };
}
