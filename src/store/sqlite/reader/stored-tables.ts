/**
 * The tables of a file that is only looked at.
 */
import Database from 'better-sqlite3';
import { READ_TIME_LIMIT_MS } from '../../read-limits.ts';
import type { OpenTables } from '../../open-tables.ts';
import { withPrefix } from '../../table-names.ts';
import { foundPrefix } from '../found-prefix.ts';
import { Reader } from './reader.ts';
import { createReadOnlyKysely } from './worker-dialect.ts';

/** Opens them, by the prefix that they have. The file is one of ours. */
export function openFileTables(path: string): OpenTables {
  const db = new Database(path, { readonly: true });
  const prefix = foundPrefix(db);
  db.close();
  const reader = new Reader({ realPath: path }, READ_TIME_LIMIT_MS);
  return {
    tables: withPrefix(prefix).inKysely(createReadOnlyKysely(reader)),
    close: () => reader.close(),
  };
}
