/**
 * Runs the statements of transactional activities and of participants' own writes.
 *
 * They come from user code, so they may fail in any way; what they may never do is end the
 * transaction or change the connection. Runs under the caller's savepoint and leaves undoing to it.
 */
import type Database from 'better-sqlite3';
import type { ExpectedStatement } from '../../core/activity.ts';
import type { WrittenOutcome } from '../batch-items.ts';

/** Most prepared statements of participants kept at a time. */
const MAX_PREPARED = 256;
/** What may stand in a plan; all else (BEGIN, PRAGMA, ATTACH, DDL) is refused. */
const WRITING = /^\s*(?:insert|update|delete|replace|with)\b/i;

export type StatementsOutcome =
  WrittenOutcome | { readonly kind: 'unmet'; readonly code: string; readonly message: string };

/** A function that runs statements in order up to the first unmet expectation; throws as SQLite. */
export function createStatementRunner(
  db: Database.Database,
): (statements: readonly ExpectedStatement[]) => StatementsOutcome {
  const prepared = new Map<string, Database.Statement>();

  function prepare(sql: string): Database.Statement {
    const known = prepared.get(sql);
    if (known !== undefined) return known;
    if (!WRITING.test(sql)) {
      throw new Error('a plan may only insert, update or delete');
    }
    const statement = db.prepare(sql);
    if (prepared.size >= MAX_PREPARED) prepared.clear();
    prepared.set(sql, statement);
    return statement;
  }

  return (statements) => {
    const changes: number[] = [];
    for (const { sql, parameters, expect } of statements) {
      const statement = prepare(sql);
      // With RETURNING the changed rows come back, and their number is the number of changes.
      const changed = statement.reader
        ? statement.all(...parameters).length
        : statement.run(...parameters).changes;
      if (expect !== undefined && changed !== expect.changes) {
        return { kind: 'unmet', code: expect.code, message: expect.message };
      }
      changes.push(changed);
    }
    return { kind: 'written', changes };
  };
}
