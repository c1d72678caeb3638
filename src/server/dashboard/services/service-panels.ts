/**
 * What a participant shows of itself on the page of services: the port that the composition root
 * fills, and the panels of the order demo.
 *
 * Must never know tables. Content is plain data, so that a participant can give it without knowing
 * this layer; it is rendered, and escaped, here.
 */
import type { Page } from '../../../store/read-models.ts';
import type { OrderDemo, PaymentTotals } from '../../../demo/order/order-demo.ts';
import { moneyInWords } from './money.ts';

/** The newest ones; all of them are in the API. */
const SHOWN_RESERVATIONS = 10;

/** A value of a table: text as it is, or a value with a look of its own. */
export type Cell =
  | string
  | number
  | { readonly kind: 'state'; readonly state: string }
  /** ISO 8601, or `null` when it has not happened. */
  | { readonly kind: 'time'; readonly at: string | null }
  /** Decimal text; the currency is ISO 4217, or not known. */
  | { readonly kind: 'money'; readonly amount: string; readonly currency: string | null }
  | { readonly kind: 'saga'; readonly id: string; readonly text: string };

/** A number with its name, such as money in all; or a statement that holds or not. */
export interface Figure {
  readonly label: string;
  readonly value: string;
  /** For a statement; `value` then says the same in a word. */
  readonly holds?: boolean;
}

export interface PanelContent {
  readonly figures?: readonly Figure[];
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  /** Said when there are no rows: what would make some. */
  readonly empty: string;
  /** The rest of the list; `null`: there is none. */
  readonly nextCursor: string | null;
}

/** One table of one service. */
export interface ServicePanel {
  /** Letters and hyphens; unique on the page. */
  readonly id: string;
  readonly title: string;
  read(page: Page): Promise<PanelContent>;
}

/** The panels of the order demo. */
export function orderPanels(demo: OrderDemo): readonly ServicePanel[] {
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
