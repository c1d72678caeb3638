/**
 * Tables of the onboarding demo: customers' files, credit checks, accounts, mails that go out.
 *
 * Must never change after release: a later change is a later migration. Invariant: times are
 * integer milliseconds since 1970, money is integer minor units.
 */
import { sql, type Kysely } from 'kysely';
import { createTable, type DatabaseKind } from './shared/create-table.ts';

/** In order of creation; `down` drops them in reverse. */
const TABLES: readonly (readonly [name: string, columns: string])[] = [
  [
    'bank_customers',
    `customer_id TEXT PRIMARY KEY,
     saga_id TEXT NOT NULL,
     name TEXT NOT NULL,
     email TEXT NOT NULL,
     status TEXT NOT NULL CHECK (status IN ('open', 'closed')),
     reason TEXT,
     opened_at INTEGER,
     closed_at INTEGER`,
  ],
  [
    'bank_credit_checks',
    `check_key TEXT PRIMARY KEY,
     customer_id TEXT NOT NULL,
     limit_minor INTEGER NOT NULL CHECK (limit_minor > 0),
     score INTEGER NOT NULL,
     status TEXT NOT NULL CHECK (status IN ('valid', 'discarded')),
     checked_at INTEGER NOT NULL`,
  ],
  [
    'bank_accounts',
    `customer_id TEXT NOT NULL,
     kind TEXT NOT NULL CHECK (kind IN ('current', 'savings', 'card')),
     saga_id TEXT NOT NULL,
     account_number TEXT NOT NULL UNIQUE,
     status TEXT NOT NULL CHECK (status IN ('reserved', 'open', 'closed', 'released')),
     changed_at INTEGER NOT NULL,
     PRIMARY KEY (customer_id, kind)`,
  ],
  [
    'bank_mails',
    `mail_key TEXT PRIMARY KEY,
     customer_id TEXT NOT NULL,
     kind TEXT NOT NULL CHECK (kind IN ('welcome', 'reminder')),
     recipient TEXT NOT NULL,
     text TEXT NOT NULL,
     queued_at INTEGER NOT NULL`,
  ],
];

/** Creates the tables. */
export async function up(db: Kysely<unknown>, kind: DatabaseKind = 'sqlite'): Promise<void> {
  for (const [name, columns] of TABLES) {
    await createTable(db, kind, name, columns);
  }
}

/** Drops everything `up` created. */
export async function down(db: Kysely<unknown>): Promise<void> {
  for (const [name] of TABLES.toReversed()) {
    await sql`DROP TABLE ${sql.ref(name)}`.execute(db);
  }
}
