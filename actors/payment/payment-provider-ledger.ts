/**
 * The payment provider's books: charges, refunds, and the keys that may never be charged.
 *
 * A simulated outside service: it has its own database (node:sqlite, not the engine's) and shares
 * nothing with Backstep. Must never answer before COMMIT returned. Invariant: one key moves money
 * at most once each way; a refunded or fenced key is never charged again. The money and the
 * idempotency key are one row, so they cannot disagree.
 *
 * Requests that arrive together share one COMMIT; each is applied whole and in order of arrival.
 */
import { createHash } from 'node:crypto';
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';

/** Most lines in one answer of the ledger. */
export const MAX_LEDGER_PAGE = 500;

const ID_LENGTH = 20;

/** What is charged; `amountMinor` in minor units. */
export interface ChargeBody {
  readonly orderId: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly method: string;
}

/** Which key's charge is given back or fenced. */
export interface RefundBody {
  readonly forwardKey: string;
}

/** A line of the ledger; times in milliseconds since 1970. */
export interface LedgerCharge extends ChargeBody {
  /** Position in the ledger, counting up. */
  readonly id: number;
  readonly key: string;
  readonly transactionId: string;
  readonly chargedAtMs: number;
  readonly refundId: string | null;
  readonly refundedAtMs: number | null;
}

/** All money that moved, in minor units, and how often it did. */
export interface LedgerSummary {
  readonly charged: number;
  readonly refunded: number;
  readonly net: number;
  readonly charges: number;
  readonly refunds: number;
}

/** What came of a charge. */
export type ChargeOutcome =
  | { readonly kind: 'charged'; readonly charge: LedgerCharge }
  | { readonly kind: 'fenced' }
  | { readonly kind: 'key-reused' };

/** What came of a refund; `fenced`: there was nothing to refund and never will be. */
export type RefundOutcome =
  | { readonly kind: 'refunded'; readonly charge: LedgerCharge }
  | { readonly kind: 'fenced' }
  | { readonly kind: 'key-reused' };

/** The open books. */
export interface PaymentLedger {
  /** Resolves once durable. The same key and body again: the same answer, no more money. */
  charge(key: string, body: ChargeBody): Promise<ChargeOutcome>;
  /** Resolves once durable. Refunds the forward key's charge once, or fences that key. */
  refund(key: string, body: RefundBody): Promise<RefundOutcome>;
  find(key: string): LedgerCharge | null;
  /** Charges with an id above `afterId`, oldest first. */
  page(afterId: number, limit: number): readonly LedgerCharge[];
  summary(): LedgerSummary;
  /** Commits what is queued and closes the file. Idempotent. */
  close(): void;
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS charges (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    transaction_id TEXT NOT NULL,
    order_id TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    currency TEXT NOT NULL,
    method TEXT NOT NULL,
    charged_at INTEGER NOT NULL,
    refund_id TEXT,
    refunded_at INTEGER,
    CHECK ((refund_id IS NULL) = (refunded_at IS NULL))
  ) STRICT;
  CREATE TABLE IF NOT EXISTS refund_keys (
    key TEXT PRIMARY KEY,
    forward_key TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS fences (
    key TEXT PRIMARY KEY,
    fenced_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;`;

const CHARGE_COLUMNS = `id, key, transaction_id, order_id, amount_minor, currency, method,
  charged_at, refund_id, refunded_at`;

/** Opens or creates the books. `nowMs` gives milliseconds since 1970. Throws when it cannot. */
export function openPaymentLedger(path: string, nowMs: () => number): PaymentLedger {
  const db = new DatabaseSync(path);
  db.exec(`pragma journal_mode = wal; pragma synchronous = full; ${SCHEMA}`);
  const statements = prepare(db);
  let queue: Queued[] = [];

  function enqueue<Outcome>(apply: () => Outcome): Promise<Outcome> {
    return new Promise<Outcome>((resolve, reject) => {
      if (queue.length === 0) setImmediate(flush);
      queue.push({
        apply: () => {
          const outcome = apply();
          return () => resolve(outcome);
        },
        reject,
      });
    });
  }

  function flush(): void {
    const batch = queue;
    queue = [];
    if (batch.length === 0) return;
    try {
      db.exec('BEGIN IMMEDIATE');
      const answers = batch.map((queued) => queued.apply());
      db.exec('COMMIT');
      // Only now may anybody hear of it.
      for (const answer of answers) answer();
    } catch (cause) {
      if (db.isTransaction) db.exec('ROLLBACK');
      for (const queued of batch) queued.reject(cause);
    }
  }

  function find(key: string): LedgerCharge | null {
    const row = statements.find.get(key);
    return row === undefined ? null : toCharge(row);
  }

  function charge(key: string, body: ChargeBody): ChargeOutcome {
    const known = find(key);
    if (known !== null && !isSameCharge(known, body)) return { kind: 'key-reused' };
    if (known !== null) return isRefunded(known) ? { kind: 'fenced' } : answerOf(known);
    if (statements.isFenced.get(key) !== undefined) return { kind: 'fenced' };
    const { orderId, amountMinor, currency, method } = body;
    const transactionId = idOf('txn', key);
    statements.charge.run(key, transactionId, orderId, amountMinor, currency, method, nowMs());
    const booked = find(key);
    if (booked === null) throw new Error('a charge that was just booked cannot be read');
    return answerOf(booked);
  }

  function refund(key: string, { forwardKey }: RefundBody): RefundOutcome {
    statements.keepRefundKey.run(key, forwardKey);
    if (statements.isRefundOf.get(key, forwardKey) === undefined) return { kind: 'key-reused' };
    statements.refund.run(idOf('ref', forwardKey), nowMs(), forwardKey);
    const refunded = find(forwardKey);
    if (refunded !== null) return { kind: 'refunded', charge: refunded };
    statements.fence.run(forwardKey, nowMs());
    return { kind: 'fenced' };
  }

  return {
    charge: (key, body) => enqueue(() => charge(key, body)),
    refund: (key, body) => enqueue(() => refund(key, body)),
    find,
    page: (afterId, limit) =>
      statements.page.all(afterId, Math.min(limit, MAX_LEDGER_PAGE)).map(toCharge),
    summary: () => toSummary(statements.summary.get() ?? {}),
    close: () => {
      if (!db.isOpen) return;
      flush();
      db.close();
    },
  };
}

/** A request that waits for the next COMMIT; `apply` gives the way to answer after it. */
interface Queued {
  readonly apply: () => () => void;
  readonly reject: (cause: unknown) => void;
}

function prepare(db: DatabaseSync) {
  return {
    find: db.prepare(`SELECT ${CHARGE_COLUMNS} FROM charges WHERE key = ?`),
    isFenced: db.prepare('SELECT 1 FROM fences WHERE key = ?'),
    isRefundOf: db.prepare('SELECT 1 FROM refund_keys WHERE key = ? AND forward_key = ?'),
    charge: db.prepare(`
      INSERT INTO charges (key, transaction_id, order_id, amount_minor, currency, method, charged_at)
      VALUES (?, ?, ?, ?, ?, ?, ?)`),
    keepRefundKey: db.prepare(
      'INSERT INTO refund_keys (key, forward_key) VALUES (?, ?) ON CONFLICT DO NOTHING',
    ),
    refund: db.prepare(`
      UPDATE charges SET refund_id = ?, refunded_at = ? WHERE key = ? AND refunded_at IS NULL`),
    fence: db.prepare('INSERT INTO fences (key, fenced_at) VALUES (?, ?) ON CONFLICT DO NOTHING'),
    page: db.prepare(`SELECT ${CHARGE_COLUMNS} FROM charges WHERE id > ? ORDER BY id LIMIT ?`),
    summary: db.prepare(`
      SELECT count(*) AS charges, count(refunded_at) AS refunds,
        coalesce(sum(amount_minor), 0) AS charged,
        coalesce(sum(CASE WHEN refunded_at IS NULL THEN 0 ELSE amount_minor END), 0) AS refunded
      FROM charges`),
  };
}

function answerOf(charge: LedgerCharge): ChargeOutcome {
  return { kind: 'charged', charge };
}

function isRefunded(charge: LedgerCharge): boolean {
  return charge.refundedAtMs !== null;
}

function isSameCharge(known: ChargeBody, body: ChargeBody): boolean {
  return (
    known.orderId === body.orderId &&
    known.amountMinor === body.amountMinor &&
    known.currency === body.currency &&
    known.method === body.method
  );
}

/** Ids come from the key, so that they can be traced and a repeated answer is the same. */
function idOf(prefix: string, key: string): string {
  return `${prefix}_${createHash('sha256').update(key).digest('hex').slice(0, ID_LENGTH)}`;
}

type Row = Readonly<Record<string, SQLOutputValue>>;

function toCharge(row: Row): LedgerCharge {
  return {
    id: Number(row['id']),
    key: String(row['key']),
    transactionId: String(row['transaction_id']),
    orderId: String(row['order_id']),
    amountMinor: Number(row['amount_minor']),
    currency: String(row['currency']),
    method: String(row['method']),
    chargedAtMs: Number(row['charged_at']),
    refundId: row['refund_id'] === null ? null : String(row['refund_id']),
    refundedAtMs: row['refunded_at'] === null ? null : Number(row['refunded_at']),
  };
}

function toSummary(row: Row): LedgerSummary {
  const charged = Number(row['charged']);
  const refunded = Number(row['refunded']);
  const counts = { charges: Number(row['charges']), refunds: Number(row['refunds']) };
  return { charged, refunded, net: charged - refunded, ...counts };
}
