/**
 * The order demo's tables as Kysely sees them, and the two narrow doors to the database that
 * participants are given: a reader and a writer.
 *
 * Must never open a connection: there is one writer, the engine's. The DDL is in
 * migrations/demo/0002-order-demo.ts. Invariant: times are milliseconds since 1970, money is in minor
 * units.
 */
import type { Generated, Kysely } from 'kysely';
import type { ExpectedStatement } from '../../src/core/activity.ts';

export interface ProductsTable {
  product_id: string;
  name: string;
  price_minor: number;
  initial: number;
  on_hand: number;
  reserved: number;
  shipped: number;
}

export interface InventoryReservationsTable {
  id: Generated<number>;
  /** The idempotency key of the reserving step. */
  reservation_id: string;
  saga_id: string;
  order_id: string;
  product_id: string;
  quantity: number;
  /** `new` never outlives a transaction; `fenced` never held anything and never will. */
  status: 'new' | 'held' | 'shipped' | 'released' | 'fenced';
  /** The key of the order change that shipped it. */
  shipped_by: string | null;
  reserved_at: number | null;
  expires_at: number | null;
  shipped_at: number | null;
  released_at: number | null;
}

export interface PaymentsTable {
  id: Generated<number>;
  /** The idempotency key the provider was charged with; one row per charge. */
  charge_key: string;
  transaction_id: string;
  saga_id: string;
  order_id: string;
  customer_id: string;
  amount_minor: number;
  currency: string;
  payment_method: string;
  status: 'completed' | 'refunded';
  processed_at: number;
  refund_id: string | null;
  refund_reason: string | null;
  refunded_at: number | null;
}

export interface NotificationsTable {
  id: Generated<number>;
  notification_id: string;
  saga_id: string;
  order_id: string;
  type: string;
  recipient: string;
  subject: string;
  status: 'queued' | 'sent' | 'cancelled';
  /** Null: cancelled before it was ever queued. */
  queued_at: number | null;
  sent_at: number | null;
  sent_via: 'mailbox' | 'smtp' | null;
  cancelled_at: number | null;
}

export interface MailboxTable {
  id: Generated<number>;
  notification_id: string;
  message_id: string;
  recipient: string;
  subject: string;
  body: string;
  delivered_at: number;
}

export interface OrdersTable {
  id: Generated<number>;
  order_id: string;
  saga_id: string;
  /** The idempotency key of the change that the status speaks of. */
  change_key: string;
  customer_id: string;
  customer_email: string;
  product_id: string;
  quantity: number;
  amount_minor: number;
  payment_method: string;
  status: 'confirmed' | 'reverted';
  reason: string | null;
  confirmed_at: number | null;
  reverted_at: number | null;
}

export interface OrderTables {
  products: ProductsTable;
  inventory_reservations: InventoryReservationsTable;
  payments: PaymentsTable;
  notifications: NotificationsTable;
  mailbox: MailboxTable;
  orders: OrdersTable;
}

/** Reads of the demo's tables; `store.reader<OrderTables>()` fits. */
export type OrderReader = Pick<Kysely<OrderTables>, 'selectFrom'>;

/** Writes all statements in one transaction or none; `store.write` fits. */
export type OrderWriter = (statements: readonly ExpectedStatement[]) => Promise<OrderWriteOutcome>;

/** The part of the store's answer that participants look at. */
export type OrderWriteOutcome =
  | { readonly kind: 'committed' }
  | { readonly kind: 'unmet' | 'rejected'; readonly message: string };

/**
 * Writes, or throws an Error when the store refused: the caller's work is then done again with
 * the same keys.
 */
export async function writeAll(
  write: OrderWriter,
  statements: readonly ExpectedStatement[],
): Promise<void> {
  const outcome = await write(statements);
  if (outcome.kind !== 'committed') throw new Error(`not written: ${outcome.message}`);
}

/** The key of the first payment of a saga. */
export function chargeKeyOf(sagaId: string): string {
  return `${sagaId}/processPayment/forward/1`;
}
