/** A store over the PostgreSQL writer, for tests of that writer. */
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { BatchQueue } from '../../src/store/batch-queue.ts';
import { PostgresWriter } from '../../src/store/postgres/writer.ts';
import type { PostgresWriterOptions } from '../../src/store/postgres/writer-options.ts';
import { createEngineReads } from '../../src/store/queries/engine-reads.ts';
import type { EngineTables } from '../../src/store/schema.ts';
import { inSchema } from '../../src/store/table-names.ts';
import type { Store } from '../../src/store/store.ts';

export type WriterStoreOptions = Partial<Omit<PostgresWriterOptions, 'url' | 'schema'>>;

/** Over a migrated database. Whoever opens it closes it. Does not wait until it is owned. */
export function openPostgresStoreHere(url: string, options: WriterStoreOptions = {}): Store {
  const writer = new PostgresWriter({ url, schema: 'backstep', ...options });
  const queue = new BatchQueue(writer, Date.now);
  const pool = poolOf(url);
  const readerOf = <Tables>() => new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  const tables = inSchema('backstep').inKysely(readerOf<EngineTables>());
  let closing: Promise<void> | undefined;
  return {
    tables: () => tables,
    own: () => queue.own(),
    commit: (commit) => queue.commit(commit),
    write: (statements) => queue.write(statements),
    acknowledge: (messageId) => queue.acknowledge(messageId),
    reader: <Extra>() => readerOf<EngineTables & Extra>(),
    ...createEngineReads(tables),
    health: () => queue.health(),
    stats: () => queue.stats(),
    outside: () => Promise.reject(new Error('this store is for its owner')),
    onNews: (listener) => queue.onNews(listener),
    onHealth: (listener) => queue.onHealth(listener),
    close: (isClean = false) => (closing ??= queue.close(isClean).then(() => pool.end())),
  };
}

const BIGINT = 20;

function poolOf(url: string): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: 2,
    options: '-c search_path=backstep,public',
  });
  pool.on('error', () => {}); // told by the next query
  pool.on('connect', (client) => {
    client.on('error', () => {});
    client.setTypeParser(BIGINT, Number);
  });
  return pool;
}
