/**
 * A reader's thread: answers queries one by one on a connection that can never write.
 *
 * May be terminated at any moment, so it holds nothing that matters.
 */
import { parentPort, workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';
import { MAX_ROWS_READ, ONLY_READS, TOO_MANY_ROWS } from '../../read-limits.ts';
import type { ReadAnswer, ReaderOptions, ReadQuery } from './reader-protocol.ts';
import { toStorageFault } from '../storage-fault.ts';

/** Most prepared statements kept at a time. */
const MAX_PREPARED = 256;
const BUSY_WAIT_MS = 1_000;

const options = workerData as ReaderOptions;
const port = parentPort;
if (port !== null) {
  const answer = createAnswerer(options);
  const send = (message: ReadAnswer): void => port.postMessage(message);
  port.on('message', (query: ReadQuery) => send(answer(query)));
  // Loads SQLite's addon: until then nobody may end this thread, see `endWhenLoaded` of reader.ts.
  new Database(':memory:').close();
  send({ kind: 'ready' });
}

function createAnswerer({ realPath }: ReaderOptions): (query: ReadQuery) => ReadAnswer {
  const prepared = new Map<string, Database.Statement>();
  /** Opened at the first query, so that a file that cannot be opened is an answer. */
  let db: Database.Database | undefined;

  function prepare(sql: string): Database.Statement {
    const known = prepared.get(sql);
    if (known !== undefined) return known;
    db ??= openForReading(realPath);
    const statement = db.prepare(sql);
    if (!statement.reader || !statement.readonly) {
      throw new Error(ONLY_READS);
    }
    if (prepared.size >= MAX_PREPARED) prepared.clear();
    prepared.set(sql, statement);
    return statement;
  }

  return ({ sql, parameters }) => {
    try {
      const rows: unknown[] = [];
      for (const row of prepare(sql).iterate(...parameters)) {
        if (rows.length >= MAX_ROWS_READ) {
          throw new RangeError(TOO_MANY_ROWS);
        }
        rows.push(row);
      }
      return { kind: 'rows', rows };
    } catch (thrown) {
      const fault = toStorageFault(thrown, 'write');
      const kind = fault.kind === 'statement' ? 'refused' : 'unreadable';
      return { kind, message: fault.reason };
    }
  };
}

function openForReading(realPath: string): Database.Database {
  const db = new Database(realPath, { readonly: true, timeout: BUSY_WAIT_MS });
  db.pragma('query_only = ON');
  db.pragma('temp_store = MEMORY');
  return db;
}
