/** The tables of a database that is only looked at, whatever its kind. */
import type { Kysely } from 'kysely';
import type { EngineTables } from './schema.ts';

/** By their plain names, however they are called there. */
export interface OpenTables {
  readonly tables: Kysely<EngineTables>;
  close(): Promise<void>;
}
