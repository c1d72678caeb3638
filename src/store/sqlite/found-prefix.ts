/**
 * The prefix that the engine's tables of a file were made with, see `withPrefix`.
 *
 * It is told by the tables alone, so that no mark can say another one.
 */
import type Database from 'better-sqlite3';
import { refused } from './database-file.ts';

/** Each with the same prefix: then they are an engine's. */
const FIRST_TABLES = ['engine', 'sagas', 'journal', 'start_keys'] as const;

/** The prefixes with which there are tables of an engine: one; none in a new file. */
function prefixesIn(db: Database.Database): readonly string[] {
  const all = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all();
  const names = new Set(all.map(String));
  const [engine] = FIRST_TABLES;
  return [...names]
    .filter((name) => name.endsWith(engine))
    .map((name) => name.slice(0, -engine.length))
    .filter((prefix) => FIRST_TABLES.every((table) => names.has(prefix + table)));
}

/** The prefix of a file that was made before; `''`: none, or there are no tables yet. */
export function foundPrefix(db: Database.Database): string {
  return prefixesIn(db)[0] ?? '';
}

/** Throws `storage-refused` where the engine's tables are there under another name. */
export function refuseOtherPrefix(path: string, db: Database.Database, asked: string): void {
  const found = prefixesIn(db);
  const [first] = found;
  if (first === undefined || found.includes(asked)) return;
  const [why, cure] =
    first === ''
      ? ['its engine tables are there without a prefix', 'give no table prefix']
      : [`its engine tables are there with the prefix "${first}"`, 'give it as table prefix'];
  const whyAsked = asked === '' ? '' : `, not with "${asked}"`;
  throw refused(path, `${why}${whyAsked}`, cure);
}
