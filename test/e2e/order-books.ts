/**
 * The books of the whole demo, read from outside, and what must add up in them once all is at rest.
 *
 * An oracle of its own: it shares nothing with the invariants that the product shows.
 */
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import { expect } from 'vitest';
import { isPostgresUrl } from '../../src/core/database-target.ts';
import type { Answer, OrderBody, Site } from './site.ts';

export interface SagaRow {
  readonly id: string;
  readonly order_id: string;
  readonly status: string;
}

export interface Charge {
  readonly id: number;
  readonly key: string;
  readonly transactionId: string;
  readonly orderId: string;
  readonly amountMinor: number;
  readonly refundId: string | null;
}

interface Ledger {
  readonly items: readonly Charge[];
  readonly next: number | null;
}

export interface Books {
  readonly sagas: readonly SagaRow[];
  readonly products: readonly {
    readonly product_id: string;
    readonly initial: number;
    readonly on_hand: number;
    readonly reserved: number;
    readonly shipped: number;
  }[];
  readonly payments: readonly {
    readonly transaction_id: string;
    readonly order_id: string;
    readonly amount: string;
    readonly status: string;
  }[];
  readonly notifications: readonly {
    readonly notification_id: string;
    readonly order_id: string;
    readonly status: string;
  }[];
  readonly orders: readonly {
    readonly order_id: string;
    readonly status: string;
  }[];
  /** The provider's own ledger. */
  readonly charges: readonly Charge[];
  /** Notifications whose mail lies in the mailbox. */
  readonly mailbox: readonly string[];
}

const PRODUCTS = ['laptop', 'phone', 'tablet', 'monitor', 'keyboard', 'headphones'] as const;

/** The nth order of a test, always the same. */
export function orderOf(nth: number, change: Partial<OrderBody> = {}): OrderBody {
  return {
    order_id: `order-${nth}`,
    customer_id: `customer-${nth % 7}`,
    customer_email: `customer-${nth % 7}@shop.example`,
    product_id: PRODUCTS[nth % PRODUCTS.length] ?? 'laptop',
    quantity: 1 + (nth % 3),
    amount: (10 + nth / 100).toFixed(2),
    payment_method: nth % 2 === 0 ? 'credit_card' : 'paypal',
    ...change,
  };
}

/** Orders from `first` on. */
export function ordersOf(count: number, first = 1): readonly OrderBody[] {
  return Array.from({ length: count }, (_, index) => orderOf(first + index));
}

export async function readBooks(site: Site): Promise<Books> {
  const { items: products } = await site.get<{ items: Books['products'] }>('/saga/inventory');
  return {
    sagas: await site.all('/saga/all'),
    products,
    payments: await site.all('/saga/payments'),
    notifications: await site.all('/saga/notifications'),
    orders: await site.all('/saga/orders'),
    charges: await readLedger(site),
    mailbox: await readMailbox(site.database),
  };
}

/** Every charge that the provider ever made. */
export async function readLedger(site: Site): Promise<readonly Charge[]> {
  const charges: Charge[] = [];
  let after: number | null = 0;
  while (after !== null) {
    const page: Answer<Ledger> = await site.callProvider('GET', `/ledger?after=${after}`);
    charges.push(...page.body.items);
    after = page.body.next;
  }
  return charges;
}

/**
 * Expects that all orders are there, each at an end, and that every book agrees about it. Journals
 * are read for the `recent` orders, by default for all.
 */
export async function expectBooksToAddUp(
  site: Site,
  accepted: readonly OrderBody[],
  recent: readonly OrderBody[] = accepted,
): Promise<Books> {
  const books = await readBooks(site);
  expect(faultsOf(books, accepted)).toEqual([]);
  const ids = new Set(recent.map((order) => order.order_id));
  await expectWholeJournals(
    site,
    books.sagas.filter((saga) => ids.has(saga.order_id)),
  );
  return books;
}

/** Expects the seq of each saga to count from 1 without gaps, and each line to follow the last. */
async function expectWholeJournals(site: Site, sagas: readonly SagaRow[]): Promise<void> {
  for (const { id } of sagas) {
    const journal = await site.journal(id);
    expect(journal.map(({ seq }) => seq)).toEqual(journal.map((_, index) => index + 1));
    const breaks = journal.filter(({ from }, index) => from !== (journal[index - 1]?.to ?? null));
    expect(breaks.filter(({ kind }) => kind === 'transition')).toEqual([]);
  }
}

/** What does not add up, in words; nothing when all is well. */
export function faultsOf(books: Books, accepted: readonly OrderBody[]): readonly string[] {
  const completed = new Set(
    books.sagas.filter(({ status }) => status === 'completed').map((saga) => saga.order_id),
  );
  return [
    ...sagaFaults(books, accepted),
    ...stockFaults(books, accepted, completed),
    ...moneyFaults(books, accepted, completed),
    ...mailFaults(books, completed),
  ];
}

function sagaFaults({ sagas, orders }: Books, accepted: readonly OrderBody[]): readonly string[] {
  const byOrder = Map.groupBy(sagas, (saga) => saga.order_id);
  const confirmed = orders.filter(({ status }) => status === 'confirmed');
  const completed = sagas.filter(({ status }) => status === 'completed');
  return [
    ...accepted.flatMap(({ order_id: id }) => {
      const count = byOrder.get(id)?.length ?? 0;
      return count === 1 ? [] : [`order ${id} has ${count} sagas`];
    }),
    ...sagas
      .filter(({ status }) => status !== 'completed' && status !== 'compensated')
      .map(({ order_id, status }) => `order ${order_id} is ${status}`),
    ...differences('confirmed order', idsOf(confirmed), idsOf(completed)),
  ];
}

function stockFaults(
  { products }: Books,
  accepted: readonly OrderBody[],
  completed: ReadonlySet<string>,
): readonly string[] {
  return products.flatMap((product) => {
    const { product_id: id, initial, on_hand, reserved, shipped } = product;
    const sold = accepted
      .filter((order) => order.product_id === id && completed.has(order.order_id))
      .reduce((sum, order) => sum + order.quantity, 0);
    return [
      ...(initial === on_hand + reserved + shipped ? [] : [`${id}: pieces were lost or invented`]),
      ...(reserved === 0 ? [] : [`${id}: ${reserved} are still reserved`]),
      ...(shipped === sold ? [] : [`${id}: ${shipped} were shipped, ${sold} were sold`]),
    ];
  });
}

function moneyFaults(
  { charges, payments }: Books,
  accepted: readonly OrderBody[],
  completed: ReadonlySet<string>,
): readonly string[] {
  const kept = charges.filter((charge) => charge.refundId === null);
  const due = accepted.filter((order) => completed.has(order.order_id));
  return [
    ...differences(
      'kept charge',
      kept.map(({ orderId, amountMinor }) => `${orderId} ${(amountMinor / 100).toFixed(2)}`),
      due.map(({ order_id, amount }) => `${order_id} ${Number(amount).toFixed(2)}`),
    ),
    ...differences(
      'payment',
      payments.map(({ transaction_id, status }) => `${transaction_id} ${status}`),
      charges.map(({ transactionId, refundId }) =>
        [transactionId, refundId === null ? 'completed' : 'refunded'].join(' '),
      ),
    ),
  ];
}

function mailFaults(
  { notifications, mailbox }: Books,
  completed: ReadonlySet<string>,
): readonly string[] {
  const sent = notifications.filter(({ status }) => status === 'sent');
  const queued = notifications.filter(({ status }) => status === 'queued');
  return [
    ...differences('sent mail', idsOf(sent), [...completed]),
    ...differences(
      'mail in the mailbox',
      mailbox,
      sent.map((mail) => mail.notification_id),
    ),
    ...queued.map(({ order_id }) => `the mail of ${order_id} is still queued`),
  ];
}

/** Both lists must hold the same, each as often as the other. Linear: long runs have long lists. */
function differences(what: string, actual: readonly string[], expected: readonly string[]) {
  const balance = new Map<string, number>();
  for (const item of expected) balance.set(item, (balance.get(item) ?? 0) + 1);
  for (const item of actual) balance.set(item, (balance.get(item) ?? 0) - 1);
  return [...balance].flatMap(([item, count]) =>
    Array.from({ length: Math.abs(count) }, () => {
      return `${what} ${count > 0 ? 'missing' : 'too many'}: ${item}`;
    }),
  );
}

function idsOf(rows: readonly { readonly order_id: string }[]): readonly string[] {
  return rows.map((row) => row.order_id);
}

/** No route shows the mailbox, so it is read where it lies. */
async function readMailbox(database: string): Promise<readonly string[]> {
  const query = 'SELECT notification_id FROM mailbox';
  const rows = isPostgresUrl(database)
    ? await rowsOf(database, query)
    : rowsIn(new DatabaseSync(database, { readOnly: true }), query);
  return rows.map((row) => String(row['notification_id']));
}

type Rows = readonly Readonly<Record<string, unknown>>[];

async function rowsOf(connectionString: string, query: string): Promise<Rows> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(query)).rows;
  } finally {
    await client.end();
  }
}

function rowsIn(db: DatabaseSync, query: string): Rows {
  try {
    return db.prepare(query).all();
  } finally {
    db.close();
  }
}
