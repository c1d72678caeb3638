/** A store over the PostgreSQL writer, for tests of that writer. */
import { BatchQueue } from '../../src/store/batch-queue.ts';
import { ReadPool } from '../../src/store/postgres/reader/read-pool.ts';
import { PostgresWriter } from '../../src/store/postgres/writer/writer.ts';
import type { PostgresWriterOptions } from '../../src/store/postgres/writer/writer-options.ts';
import { createEngineReads } from '../../src/store/queries/engine-reads.ts';
import type { EngineTables } from '../../src/store/schema.ts';
import { inSchema } from '../../src/store/table-names.ts';
import type { Store } from '../../src/store/store.ts';

export type WriterStoreOptions = Partial<Omit<PostgresWriterOptions, 'url' | 'schema'>>;

/** Over a migrated database. Whoever opens it closes it. Does not wait until it is owned. */
export function openPostgresStoreHere(url: string, options: WriterStoreOptions = {}): Store {
  const writer = new PostgresWriter({ url, schema: 'backstep', ...options });
  const queue = new BatchQueue(writer, Date.now);
  const pool = new ReadPool(url, { connections: 2, timeLimitMs: READ_TIME_LIMIT_MS });
  const tables = inSchema('backstep').inKysely(pool.kysely<EngineTables>());
  let closing: Promise<void> | undefined;
  return {
    tables: () => tables,
    own: () => queue.own(),
    commit: (commit) => queue.commit(commit),
    write: (statements) => queue.write(statements),
    acknowledge: (messageId) => queue.acknowledge(messageId),
    reader: <Extra>() => pool.kysely<EngineTables & Extra>(),
    ...createEngineReads(tables),
    health: () => queue.health(),
    stats: () => queue.stats(),
    label: null,
    owner: async () => null,
    outside: () => Promise.reject(new Error('this store is for its owner')),
    onNews: (listener) => queue.onNews(listener),
    onHealth: (listener) => queue.onHealth(listener),
    close: (isClean = false) => (closing ??= queue.close(isClean).then(() => pool.close())),
  };
}

const READ_TIME_LIMIT_MS = 10_000;
