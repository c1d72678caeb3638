/**
 * Opens the store over a PostgreSQL database: migrates, starts the writer, which waits as a standby
 * where another process owns it, and the lanes of reads; and closes it all in the opposite order.
 */
import { hostname } from 'node:os';
import type { Kysely } from 'kysely';
import type { DatabaseTarget } from '../../core/database-target.ts';
import { BatchQueue } from '../batch-queue.ts';
import { ListenerSet } from '../listener-set.ts';
import { createEngineReads } from '../queries/engine-reads.ts';
import type { EngineTables } from '../schema.ts';
import { READ_TIME_LIMIT_MS } from '../read-limits.ts';
import type { Store } from '../store.ts';
import { inSchema } from '../table-names.ts';
import { migratePostgres } from './migrate.ts';
import { NewsLine } from './news-line.ts';
import { readOwner } from './ownership/owner-facts.ts';
import { ReadPool } from './reader/read-pool.ts';
import { DEFAULT_SCHEMA } from './schema-name.ts';
import { readTakeOver, type TakeOverOptions } from './ownership/timings.ts';
import { PostgresWriter } from './writer/writer.ts';
import type { PostgresWriterOptions } from './writer/writer-options.ts';

export interface OpenPostgresOptions {
  readonly target: Extract<DatabaseTarget, { kind: 'postgres' }>;
  /** Default `backstep`. */
  readonly schema?: string;
  /** As of `OpenStoreOptions`. */
  readonly label?: string;
  readonly takeOver?: TakeOverOptions;
  readonly migrationsFolder?: string;
  readonly lockWaitMs?: number;
  /** How long one read may take. Default 2,000. */
  readonly readTimeLimitMs?: number;
  /** Delay before a stalled batch is tried again; doubles up to the maximum. Default 50. */
  readonly firstRetryDelayMs?: number;
  /** Default 2,000. */
  readonly maxRetryDelayMs?: number;
  readonly nowMs: () => number;
  readonly onWarning?: (text: string) => void;
}

/** Connections of each lane. */
const ENGINE_CONNECTIONS = 2;
const PAGE_CONNECTIONS = 4;

/**
 * Resolves once it is known whether this process owns the database or is a standby. Throws as
 * `migratePostgres`, and `input-invalid` for a `takeOver` that would take over from one that is well.
 */
export async function openPostgresStore(options: OpenPostgresOptions): Promise<Store> {
  const { target, schema = DEFAULT_SCHEMA, migrationsFolder, lockWaitMs, nowMs } = options;
  const timings = readTakeOver(options.takeOver);
  const label = options.label ?? `${hostname()}, process ${process.pid}`;
  await migratePostgres(target.direct, {
    schema,
    ...(migrationsFolder === undefined ? {} : { migrationsFolder }),
    ...(lockWaitMs === undefined ? {} : { lockWaitMs }),
  });
  const written = new ListenerSet<void>();
  const onWritten = (): void => written.tell();
  const queue = startWriter(options, { schema, label, timings, onWritten }, nowMs);
  try {
    await untilKnown(queue);
    return assemble(options, { schema, label }, queue, written);
  } catch (thrown) {
    await queue.close();
    throw thrown;
  }
}

function startWriter(
  { target, firstRetryDelayMs, maxRetryDelayMs, onWarning }: OpenPostgresOptions,
  own: Required<Pick<PostgresWriterOptions, 'schema' | 'label' | 'timings' | 'onWritten'>>,
  nowMs: () => number,
): BatchQueue {
  const timings = {
    ...own.timings,
    ...(firstRetryDelayMs === undefined ? {} : { firstRetryDelayMs }),
    ...(maxRetryDelayMs === undefined ? {} : { maxRetryDelayMs }),
  };
  const writer = new PostgresWriter({
    url: target.direct,
    ...own,
    timings,
    nowMs,
    ...(onWarning === undefined ? {} : { onWarning }),
  });
  return new BatchQueue(writer, nowMs);
}

/** Until the writer has said that it owns, that somebody else does, or why it never will. */
async function untilKnown(queue: BatchQueue): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = queue.onHealth(() => resolve());
  try {
    await Promise.race([promise, queue.own()]);
  } finally {
    stop();
  }
  // A refusal changes the health as well, and is told by this alone.
  if (queue.health().kind === 'failed') await queue.own();
}

function assemble(
  options: OpenPostgresOptions,
  { schema, label }: { readonly schema: string; readonly label: string },
  queue: BatchQueue,
  written: ListenerSet<void>,
): Store {
  const { url } = options.target;
  const timeLimitMs = options.readTimeLimitMs ?? READ_TIME_LIMIT_MS;
  const names = inSchema(schema);
  const pages = new ReadPool(url, { connections: PAGE_CONNECTIONS, timeLimitMs });
  const engine = new ReadPool(url, { connections: ENGINE_CONNECTIONS, timeLimitMs });
  const tables = names.inKysely(pages.kysely<EngineTables>());
  const newsListeners = new ListenerSet<void>();
  const isStandby = (): boolean => queue.health().kind === 'standby';
  const tell = (): void => newsListeners.tell();
  const news = new NewsLine(options.target.direct, schema, tell, isStandby);
  queue.onNews(() => newsListeners.tell());
  written.add(() => news.committed());
  let closing: Promise<void> | undefined;

  async function closeAll(isClean: boolean): Promise<void> {
    await Promise.all([pages.close(), engine.close()]);
    await queue.close(isClean);
    await news.close();
  }

  return {
    own: () => queue.own(),
    commit: (commit, isBackground) => queue.commit(commit, isBackground),
    write: (statements) => (isStandby() ? news : queue).write(statements),
    acknowledge: (messageId) => queue.acknowledge(messageId),
    reader: <Extra>(): Kysely<EngineTables & Extra> => pages.kysely(),
    tables: () => tables,
    ...createEngineReads(names.inKysely(engine.kysely<EngineTables>())),
    health: () => queue.health(),
    stats: () => queue.stats(),
    label,
    owner: () => readOwner(pages.kysely(), schema),
    onNews: (listener) => newsListeners.add(listener),
    outside: (statement) => news.run(statement),
    onHealth: (listener) => queue.onHealth(listener),
    close: (isClean = false) => (closing ??= closeAll(isClean)),
  };
}
