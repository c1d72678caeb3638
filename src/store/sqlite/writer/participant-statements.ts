/**
 * Runs the statements of transactional activities and of participants' own writes.
 *
 * They come from user code, so they may fail in any way; what they may never do is end the
 * transaction or change the connection. Runs under the caller's savepoint and leaves undoing to it.
 */
import type Database from 'better-sqlite3';
import type { ExpectedStatement } from '../../../core/activity.ts';
import type { WrittenOutcome } from '../../batch-items.ts';

/** Most prepared statements of participants kept at a time. */
const MAX_PREPARED = 256;
/** What may stand in a plan; all else (BEGIN, PRAGMA, ATTACH, DDL) is refused. */
const WRITING = /^\s*(?:insert|update|delete|replace|with)\b/i;

/** What `$1` or `?1` could be found in and is none: texts, quoted names, comments. */
const NUMBERED = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|[$?](\d+)/g;

interface Prepared {
  readonly statement: Database.Statement;
  /** The highest number of a numbered parameter; 0: they are counted, each a `?`. */
  readonly numbers: number;
}

export type StatementsOutcome =
  WrittenOutcome | { readonly kind: 'unmet'; readonly code: string; readonly message: string };

/** A function that runs statements in order up to the first unmet expectation; throws as SQLite. */
export function createStatementRunner(
  db: Database.Database,
): (statements: readonly ExpectedStatement[]) => StatementsOutcome {
  const prepared = new Map<string, Prepared>();

  function prepare(sql: string): Prepared {
    const known = prepared.get(sql);
    if (known !== undefined) return known;
    if (!WRITING.test(sql)) {
      throw new Error('a plan may only insert, update or delete');
    }
    const made = { statement: db.prepare(sql), numbers: highestNumber(sql) };
    if (prepared.size >= MAX_PREPARED) prepared.clear();
    prepared.set(sql, made);
    return made;
  }

  return (statements) => {
    const changes: number[] = [];
    for (const { sql, parameters, expect } of statements) {
      const { statement, numbers } = prepare(sql);
      const bound = numbers === 0 ? parameters : [byNumber(parameters, numbers)];
      // With RETURNING the changed rows come back, and their number is the number of changes.
      const changed = statement.reader
        ? statement.all(...bound).length
        : statement.run(...bound).changes;
      if (expect !== undefined && changed !== expect.changes) {
        return { kind: 'unmet', code: expect.code, message: expect.message };
      }
      changes.push(changed);
    }
    return { kind: 'written', changes };
  };
}

function highestNumber(sql: string): number {
  const numbers = [...sql.matchAll(NUMBERED)].map(([, number]) => Number(number ?? 0));
  return Math.max(0, ...numbers);
}

/** As better-sqlite3 takes numbered parameters: by name, which is the number. */
function byNumber(parameters: readonly unknown[], numbers: number): object {
  if (parameters.length !== numbers) {
    throw new RangeError(`${parameters.length} parameters were given for ${numbers} places`);
  }
  return Object.fromEntries(parameters.map((value, index) => [index + 1, value]));
}
