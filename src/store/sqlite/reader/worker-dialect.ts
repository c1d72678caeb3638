/**
 * SQLite as Kysely reads it, through a reader's thread.
 */
import { type Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely';
import { type DialectParts, type QueryLane, readOnlyKysely } from '../../read-only-kysely.ts';

/** A Kysely instance that reads through `reader`. `Tables` is the caller's word. */
export function createReadOnlyKysely<Tables>(reader: QueryLane): Kysely<Tables> {
  return readOnlyKysely<Tables>(reader, PARTS);
}

/** The reader has a bounded queue of its own: Kysely's mutex before it would cost O(n²). */
class PipelinedAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

const PARTS: DialectParts = {
  adapter: () => new PipelinedAdapter(),
  compiler: () => new SqliteQueryCompiler(),
  introspector: (db) => new SqliteIntrospector(db),
};
