/** Which sagas of a database would run. */
import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';

/** Ids of the sagas that an engine on this database would run. */
export function runnableIn(database: string): readonly string[] {
  if (!existsSync(database)) return [];
  const db = new Database(database, { readonly: true });
  try {
    const hasTables = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'sagas'").get();
    if (hasTables === undefined) return [];
    const rows = db
      .prepare(
        `SELECT id FROM sagas WHERE ended_at IS NULL AND coalesce(error, '') NOT LIKE 'backstep.mov%'`,
      )
      .pluck();
    return rows.all().map(String);
  } finally {
    db.close();
  }
}
