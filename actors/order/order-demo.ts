/**
 * What the pages of the order demo show: stock, payments, notifications, orders.
 *
 * Must never write. Invariant: items carry the names of the HTTP contract: snake_case, times as
 * ISO 8601 UTC with milliseconds, amounts as decimal text.
 */
import { sql } from 'kysely';
import { chargeKeyOf, type OrderReader } from './order-tables.ts';
import { cursorAfter, positionOf } from './order-page.ts';
import type { Page } from '../../src/index.ts';

/** Reservations shown beside the stock, the newest ones. */
const SHOWN_RESERVATIONS = 50;

/**
 * The demo's lists over one reader, newest first. Each page throws `input-invalid` for a cursor that
 * it did not give.
 */
export function createOrderDemoReads(reader: OrderReader) {
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
    async payments(page: Page) {
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
    /** Whatever their currencies; `net` is what was charged and not given back. */
    async paymentTotals() {
      const rows = await reader
        .selectFrom('payments')
        .select('status')
        .select((eb) => [
          eb.fn.countAll<number>().as('count'),
          eb.cast<number>(eb.fn.sum('amount_minor'), 'bigint').as('amount'),
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
    async notifications(page: Page) {
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
    async orders(page: Page) {
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
