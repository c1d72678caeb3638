/**
 * Tables of the order demo: stock, reservations, payments, notifications, mailbox, orders.
 *
 * Must never change after release: a later change is a later migration. Invariant: times are
 * integer milliseconds since 1970, money is integer minor units, and the database itself refuses
 * a stock row that loses or invents a piece.
 *
 * No foreign keys between participants: a compensation must be able to leave its fence for a
 * product or an order that does not exist.
 */
import { sql, type Kysely } from 'kysely';
import { createTable, type DatabaseKind } from './shared/create-table.ts';

/** Pieces of each product on hand before the first order. */
const INITIAL_STOCK = 10_000;

const PRODUCTS: readonly (readonly [id: string, name: string, priceMinor: number])[] = [
  ['laptop', 'Laptop', 129_900],
  ['phone', 'Phone', 69_900],
  ['tablet', 'Tablet', 44_900],
  ['monitor', 'Monitor', 27_900],
  ['keyboard', 'Keyboard', 8_900],
  ['headphones', 'Headphones', 14_900],
];

/** In order of creation; `down` drops them in reverse. */
const TABLES: readonly (readonly [name: string, columns: string])[] = [
  [
    'products',
    `product_id TEXT PRIMARY KEY,
     name TEXT NOT NULL,
     price_minor INTEGER NOT NULL CHECK (price_minor >= 0),
     initial INTEGER NOT NULL CHECK (initial >= 0),
     on_hand INTEGER NOT NULL CHECK (on_hand >= 0),
     reserved INTEGER NOT NULL CHECK (reserved >= 0),
     shipped INTEGER NOT NULL CHECK (shipped >= 0),
     CHECK (initial = on_hand + reserved + shipped)`,
  ],
  [
    'inventory_reservations',
    `id INTEGER PRIMARY KEY,
     reservation_id TEXT NOT NULL UNIQUE,
     saga_id TEXT NOT NULL,
     order_id TEXT NOT NULL,
     product_id TEXT NOT NULL,
     quantity INTEGER NOT NULL CHECK (quantity > 0),
     status TEXT NOT NULL CHECK (status IN ('new', 'held', 'shipped', 'released', 'fenced')),
     shipped_by TEXT,
     reserved_at INTEGER,
     expires_at INTEGER,
     shipped_at INTEGER,
     released_at INTEGER,
     CHECK ((status = 'shipped') = (shipped_by IS NOT NULL))`,
  ],
  [
    'payments',
    `id INTEGER PRIMARY KEY,
     charge_key TEXT NOT NULL UNIQUE,
     transaction_id TEXT NOT NULL,
     saga_id TEXT NOT NULL,
     order_id TEXT NOT NULL,
     customer_id TEXT NOT NULL,
     amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
     currency TEXT NOT NULL,
     payment_method TEXT NOT NULL,
     status TEXT NOT NULL CHECK (status IN ('completed', 'refunded')),
     processed_at INTEGER NOT NULL,
     refund_id TEXT,
     refund_reason TEXT,
     refunded_at INTEGER,
     CHECK ((status = 'refunded') = (refunded_at IS NOT NULL))`,
  ],
  [
    'notifications',
    `id INTEGER PRIMARY KEY,
     notification_id TEXT NOT NULL UNIQUE,
     saga_id TEXT NOT NULL,
     order_id TEXT NOT NULL,
     type TEXT NOT NULL,
     recipient TEXT NOT NULL,
     subject TEXT NOT NULL,
     status TEXT NOT NULL CHECK (status IN ('queued', 'sent', 'cancelled')),
     queued_at INTEGER,
     sent_at INTEGER,
     sent_via TEXT CHECK (sent_via IN ('mailbox', 'smtp')),
     cancelled_at INTEGER,
     CHECK ((status = 'sent') = (sent_at IS NOT NULL))`,
  ],
  [
    'mailbox',
    `id INTEGER PRIMARY KEY,
     notification_id TEXT NOT NULL UNIQUE,
     message_id TEXT NOT NULL,
     recipient TEXT NOT NULL,
     subject TEXT NOT NULL,
     body TEXT NOT NULL,
     delivered_at INTEGER NOT NULL`,
  ],
  [
    'orders',
    `id INTEGER PRIMARY KEY,
     order_id TEXT NOT NULL UNIQUE,
     saga_id TEXT NOT NULL,
     change_key TEXT NOT NULL,
     customer_id TEXT NOT NULL,
     customer_email TEXT NOT NULL,
     product_id TEXT NOT NULL,
     quantity INTEGER NOT NULL CHECK (quantity > 0),
     amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
     payment_method TEXT NOT NULL,
     status TEXT NOT NULL CHECK (status IN ('confirmed', 'reverted')),
     reason TEXT,
     confirmed_at INTEGER,
     reverted_at INTEGER,
     CHECK ((status = 'reverted') = (reverted_at IS NOT NULL))`,
  ],
];

const INDEXES: readonly string[] = [
  // The order's reservation, when the order is updated or reverted.
  `CREATE INDEX inventory_reservations_order ON inventory_reservations (order_id)`,
  // The sweep reads held ones by expiry; partial, so that finished ones cost nothing.
  `CREATE INDEX inventory_reservations_held ON inventory_reservations (expires_at, id)
   WHERE status = 'held'`,
  // The order's mail, when the order completed.
  `CREATE INDEX notifications_order ON notifications (order_id)`,
];

/** Creates the tables, with the first stock of each product. */
export async function up(db: Kysely<unknown>, kind: DatabaseKind = 'sqlite'): Promise<void> {
  for (const [name, columns] of TABLES) {
    await createTable(db, kind, name, columns);
  }
  for (const index of INDEXES) await sql.raw(index).execute(db);
  for (const [id, name, priceMinor] of PRODUCTS) {
    await sql`INSERT INTO products (product_id, name, price_minor, initial, on_hand, reserved, shipped)
      VALUES (${id}, ${name}, ${priceMinor}, ${INITIAL_STOCK}, ${INITIAL_STOCK}, 0, 0)`.execute(db);
  }
}

/** Drops everything `up` created, stock and history included. */
export async function down(db: Kysely<unknown>): Promise<void> {
  for (const [name] of TABLES.toReversed()) {
    await sql`DROP TABLE ${sql.ref(name)}`.execute(db);
  }
}
