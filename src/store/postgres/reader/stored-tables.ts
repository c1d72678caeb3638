/**
 * The tables of a schema that is only looked at.
 */
import { READ_TIME_LIMIT_MS } from '../../read-limits.ts';
import type { OpenTables } from '../../open-tables.ts';
import { inSchema } from '../../table-names.ts';
import { ReadPool } from './read-pool.ts';
import { DEFAULT_SCHEMA } from '../schema-name.ts';

/** A list and its details are asked for at once. */
const CONNECTIONS = 2;

/** Opens them. The schema is one of ours. */
export function openSchemaTables(url: string, schema: string = DEFAULT_SCHEMA): OpenTables {
  const pool = new ReadPool(url, { connections: CONNECTIONS, timeLimitMs: READ_TIME_LIMIT_MS });
  return { tables: inSchema(schema).inKysely(pool.kysely()), close: () => pool.close() };
}
