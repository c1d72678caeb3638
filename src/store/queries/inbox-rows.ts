/** New rows of the inbox, over any connection of any program. */
import type { CompiledQuery, Kysely } from 'kysely';
import type { InboxTable } from '../schema.ts';

/** Longest payload of a row, as migration 0016 has it. */
export const MAX_INBOX_PAYLOAD = 1_048_576;

/** A Kysely instance or a transaction of one, whatever tables it knows. */
export type InboxConnection = Pick<Kysely<unknown>, 'executeQuery'> & { withoutPlugins(): object };

/** Where the inbox is, if not under its own name. */
export interface InboxOptions {
  /** What the engine puts before the names of its tables. Default: nothing. */
  readonly tablePrefix?: string;
  /** The schema of the engine's tables, on PostgreSQL. Default: that of the connection. */
  readonly schema?: string;
}

/** What is written; everything else of a row comes by itself, or later. */
export type NewRow = Pick<InboxTable, 'kind' | 'target' | 'payload' | 'key' | 'options'>;

/** A function that gives the statement of a row. */
export function inboxInsert(
  db: InboxConnection,
  { tablePrefix = '', schema }: InboxOptions,
): (row: NewRow) => CompiledQuery {
  // Whatever the program's own tables are called, and its plugins make of names.
  const plain = db.withoutPlugins() as Kysely<{ inbox: InboxTable }>;
  const named = schema === undefined ? plain : plain.withSchema(schema);
  const table = `${tablePrefix}inbox` as 'inbox';
  return (row) => named.insertInto(table).values(row).compile();
}
