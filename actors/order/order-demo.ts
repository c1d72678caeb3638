/**
 * What the pages of the order demo show: stock, payments, notifications, orders.
 *
 * Must never write. Invariant: items carry the names of the HTTP contract: snake_case, times as
 * ISO 8601 UTC with milliseconds, amounts as decimal text.
 */
import { sql } from 'kysely';
import { chargeKeyOf, type OrderReader } from './order-tables.ts';
import { cursorAfter, positionOf, type Page, type Paged } from './order-page.ts';

/** Reservations shown beside the stock, the newest ones. */
const SHOWN_RESERVATIONS = 50;

export interface ProductItem {
  readonly product_id: string;
  readonly name: string;
  readonly initial: number;
  readonly on_hand: number;
  readonly reserved: number;
  readonly shipped: number;
}

export interface ReservationItem {
  readonly reservation_id: string;
  readonly saga_id: string;
  readonly order_id: string;
  readonly product_id: string;
  readonly quantity: number;
  readonly status: string;
  readonly reserved_at: string | null;
  readonly expires_at: string | null;
  readonly shipped_at: string | null;
  readonly released_at: string | null;
}

export interface PaymentItem {
  readonly transaction_id: string;
  readonly saga_id: string;
  readonly order_id: string;
  readonly customer_id: string;
  readonly amount: string;
  readonly currency: string;
  readonly payment_method: string;
  readonly status: 'completed' | 'refunded';
  readonly processed_at: string;
  readonly refund_id: string | null;
  readonly refund_reason: string | null;
  readonly refunded_at: string | null;
}

/** All charges and refunds together, whatever their currencies. */
export interface PaymentTotals {
  readonly charges: number;
  readonly charged: string;
  readonly refunds: number;
  readonly refunded: string;
  /** Charged and not given back. */
  readonly net: string;
  /** Of all of them; `null`: in several, or none so far. */
  readonly currency: string | null;
}

export interface NotificationItem {
  readonly notification_id: string;
  readonly saga_id: string;
  readonly order_id: string;
  readonly type: string;
  readonly recipient: string;
  readonly subject: string;
  readonly status: 'queued' | 'sent' | 'cancelled';
  readonly queued_at: string | null;
  readonly sent_at: string | null;
  readonly sent_via: 'mailbox' | 'smtp' | null;
  readonly cancelled_at: string | null;
}

export interface OrderItem {
  readonly order_id: string;
  readonly saga_id: string;
  readonly customer_id: string;
  readonly customer_email: string;
  readonly product_id: string;
  readonly quantity: number;
  readonly amount: string;
  /** `null`: nothing was paid for it. */
  readonly currency: string | null;
  readonly payment_method: string;
  readonly status: 'confirmed' | 'reverted';
  readonly reason: string | null;
  readonly confirmed_at: string | null;
  readonly reverted_at: string | null;
}

/** The demo's lists, newest first. Each throws `input-invalid` for a cursor it did not give. */
export interface OrderDemoReads {
  inventory(): Promise<{ items: readonly ProductItem[]; reservations: readonly ReservationItem[] }>;
  payments(page: Page): Promise<Paged<PaymentItem>>;
  paymentTotals(): Promise<PaymentTotals>;
  notifications(page: Page): Promise<Paged<NotificationItem>>;
  orders(page: Page): Promise<Paged<OrderItem>>;
}

/** The lists over one reader. */
export function createOrderDemoReads(reader: OrderReader): OrderDemoReads {
  return {
    async inventory() {
      const items = await reader
        .selectFrom('products')
        .select(['product_id', 'name', 'initial', 'on_hand', 'reserved', 'shipped'])
        .orderBy('product_id')
        .execute();
      const rows = await reader
        .selectFrom('inventory_reservations')
        .selectAll()
        .orderBy('id', 'desc')
        .limit(SHOWN_RESERVATIONS)
        .execute();
      const reservations = rows.map(({ id: _, shipped_by: __, ...row }) => ({
        ...row,
        reserved_at: timeOf(row.reserved_at),
        expires_at: timeOf(row.expires_at),
        shipped_at: timeOf(row.shipped_at),
        released_at: timeOf(row.released_at),
      }));
      return { items, reservations };
    },
    async payments(page) {
      const rows = await reader
        .selectFrom('payments')
        .selectAll()
        .where('id', '<', positionOf(page))
        .orderBy('id', 'desc')
        .limit(page.limit)
        .execute();
      const items = rows.map(({ id: _, charge_key: __, amount_minor, ...row }) => ({
        ...row,
        amount: amountOf(amount_minor),
        processed_at: new Date(row.processed_at).toISOString(),
        refunded_at: timeOf(row.refunded_at),
      }));
      return { items, nextCursor: cursorAfter(rows, page) };
    },
    async paymentTotals() {
      const rows = await reader
        .selectFrom('payments')
        .select('status')
        .select((eb) => [
          eb.fn.countAll<number>().as('count'),
          eb.fn.sum<number>('amount_minor').as('amount'),
        ])
        .groupBy('status')
        .execute();
      const currencies = await reader
        .selectFrom('payments')
        .select('currency')
        .distinct()
        .execute();
      const refunds = rows.find((row) => row.status === 'refunded');
      const charged = rows.reduce((sum, row) => sum + row.amount, 0);
      const refunded = refunds?.amount ?? 0;
      return {
        charges: rows.reduce((sum, row) => sum + row.count, 0),
        charged: amountOf(charged),
        refunds: refunds?.count ?? 0,
        refunded: amountOf(refunded),
        net: amountOf(charged - refunded),
        currency: currencies.length === 1 ? (currencies[0]?.currency ?? null) : null,
      };
    },
    async notifications(page) {
      const rows = await reader
        .selectFrom('notifications')
        .selectAll()
        .where('id', '<', positionOf(page))
        .orderBy('id', 'desc')
        .limit(page.limit)
        .execute();
      const items = rows.map(({ id: _, ...row }) => ({
        ...row,
        queued_at: timeOf(row.queued_at),
        sent_at: timeOf(row.sent_at),
        cancelled_at: timeOf(row.cancelled_at),
      }));
      return { items, nextCursor: cursorAfter(rows, page) };
    },
    async orders(page) {
      const rows = await ordersOf(reader, page);
      const items = rows.map(({ id: _, change_key: __, amount_minor, ...row }) => ({
        ...row,
        amount: amountOf(amount_minor),
        confirmed_at: timeOf(row.confirmed_at),
        reverted_at: timeOf(row.reverted_at),
      }));
      return { items, nextCursor: cursorAfter(rows, page) };
    },
  };
}

/** Each in the money that it was paid in. */
function ordersOf(reader: OrderReader, page: Page) {
  return reader
    .selectFrom('orders')
    .selectAll()
    .select((eb) =>
      eb
        .selectFrom('payments')
        .select('currency')
        // By their only index.
        .where('charge_key', '=', sql<string>`orders.saga_id || ${chargeKeyOf('')}`)
        .as('currency'),
    )
    .where('id', '<', positionOf(page))
    .orderBy('id', 'desc')
    .limit(page.limit)
    .execute();
}

function timeOf(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

/** Decimal text of minor units, for currencies with two decimals: 1234 is `12.34`. */
function amountOf(minor: number): string {
  return `${Math.floor(minor / 100)}.${String(minor % 100).padStart(2, '0')}`;
}
