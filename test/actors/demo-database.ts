/**
 * A real SQLite file with the order demo's tables, for one test.
 *
 * Statements run as the engine's writer runs them: in one transaction, undone as a whole when an
 * expectation is not met.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { Kysely, SqliteDialect } from 'kysely';
import { onTestFinished } from 'vitest';
import type {
  OrderTables,
  OrderWriteOutcome,
  OrderWriter,
} from '../../actors/order/order-tables.ts';
import { up } from '../../migrations/demo/0002-order-demo.ts';
import type {
  ActivityContext,
  ExpectedStatement,
  TransactionalActivity,
} from '../../src/core/activity.ts';
import { createStatementRunner } from '../../src/store/sqlite/writer/participant-statements.ts';

/** What became of statements; `code` says which expectation was not met. */
export type Written = OrderWriteOutcome & { readonly code?: string };

export interface DemoDatabase {
  readonly reader: Kysely<OrderTables>;
  readonly write: OrderWriter;
  readonly writeNow: (statements: readonly ExpectedStatement[]) => Written;
  /** Plans the activity and writes the plan. */
  readonly run: <Input, Output>(
    activity: TransactionalActivity<Input, Output>,
    input: Input,
    context?: Partial<ActivityContext>,
  ) => Promise<Written>;
  readonly stock: (productId: string) => { onHand: number; reserved: number; shipped: number };
  /** The rows of a table, in order of creation. */
  readonly rows: (table: keyof OrderTables) => readonly Record<string, unknown>[];
}

/** The folder of the demo's migrations. */
export const DEMO_MIGRATIONS = fileURLToPath(new URL('../../migrations/demo', import.meta.url));

/** A moment for tests. */
export const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 6);

/** A context for one call; a step unless a forward key is given. */
export function contextOf(context: Partial<ActivityContext> = {}): ActivityContext {
  return {
    key: 'saga-1/step/forward/1',
    forwardKey: null,
    sagaId: 'saga-1',
    step: 'step',
    attempt: 1,
    nowMs: NOW_MS,
    late: null,
    heartbeat: () => {},
    signal: new AbortController().signal,
    traceparent: null,
    ...context,
  };
}

/** A folder that goes with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'backstep-actors-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export async function openDemoDatabase(): Promise<DemoDatabase> {
  const db = new Database(join(temporaryFolder(), 'demo.db'));
  const dialect = new SqliteDialect({ database: db });
  await up(new Kysely<unknown>({ dialect }));
  const reader = new Kysely<OrderTables>({ dialect });
  onTestFinished(() => reader.destroy());
  const runStatements = createStatementRunner(db);

  function writeNow(statements: readonly ExpectedStatement[]): Written {
    db.exec('BEGIN IMMEDIATE');
    try {
      const outcome = runStatements(statements);
      db.exec(outcome.kind === 'written' ? 'COMMIT' : 'ROLLBACK');
      return outcome.kind === 'written' ? { kind: 'committed' } : outcome;
    } catch (thrown) {
      db.exec('ROLLBACK');
      return { kind: 'rejected', message: String(thrown) };
    }
  }

  return {
    reader,
    write: (statements) => Promise.resolve(writeNow(statements)),
    writeNow,
    run: async (activity, input, context) => {
      const { statements } = await activity.plan(input, contextOf(context));
      return writeNow(statements);
    },
    stock: (productId) => {
      const sql = 'SELECT on_hand AS onHand, reserved, shipped FROM products WHERE product_id = ?';
      return db.prepare<[string], ReturnType<DemoDatabase['stock']>>(sql).get(productId) ?? NONE;
    },
    rows: (table) =>
      db.prepare<[], Record<string, unknown>>(`SELECT * FROM ${table} ORDER BY rowid`).all(),
  };
}

const NONE = { onHand: 0, reserved: 0, shipped: 0 };
