/**
 * Which database is meant: the path of a file, or the URL of a PostgreSQL server.
 *
 * The one place that shows such a target to people. Invariant: what it shows has no password in it,
 * however the URL is written or miswritten. Pure.
 */
import { BackstepError } from './errors.ts';

/** A PostgreSQL database that is reached in two ways. */
export interface DatabaseUrls {
  /** For reads; may lead to a pooler. */
  readonly url: string;
  /**
   * For what needs a connection of its own: the writer, ownership and notices. Default: `url`,
   * which must then lead to the server itself, or to a pooler that pools by session.
   */
  readonly direct?: string;
}

/** The path of a file, or the URL of a PostgreSQL database, or two URLs of one. */
export type DatabaseAddress = string | DatabaseUrls;

/** The same, read. */
export type DatabaseTarget =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'postgres'; readonly url: string; readonly direct: string };

const POSTGRES = /^postgres(?:ql)?:/i;
/** A path never begins so; a letter alone is a drive. */
const OTHER_SCHEME = /^([a-z][a-z\d+.-]+):\/\//i;
/** Members of a query that say how a connection is made, and nothing secret. */
const SHOWN_MEMBERS: ReadonlySet<string> = new Set([
  'application_name',
  'host',
  'port',
  'sslmode',
  'user',
]);
const HIDDEN = '[redacted]';

/** True for a text that is meant as the URL of a PostgreSQL database. */
export function isPostgresUrl(text: string): boolean {
  return POSTGRES.test(text);
}

/** PostgreSQL takes 63 characters; a few are left for the schemas of further shards. */
const SCHEMA_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,58}$/;
/** PostgreSQL's own. */
const RESERVED_SCHEMA = /^(?:pg_|information_schema$)/i;

/** True for the name of a schema that is written between quotes as it is. */
export function isSchemaName(text: string): boolean {
  return SCHEMA_NAME.test(text) && !RESERVED_SCHEMA.test(text);
}

/** Reads what a program was given. Throws `input-invalid`, without showing what may be secret. */
export function readDatabase(database: DatabaseAddress): DatabaseTarget {
  if (typeof database !== 'string') {
    const { url, direct = url } = database;
    for (const text of [url, direct]) assertPostgres(text);
    return { kind: 'postgres', url, direct };
  }
  if (isPostgresUrl(database)) {
    assertPostgres(database);
    return { kind: 'postgres', url: database, direct: database };
  }
  const scheme = OTHER_SCHEME.exec(database)?.[1];
  if (scheme === undefined || scheme.toLowerCase() === 'file') {
    return { kind: 'file', path: database };
  }
  const message = `${scheme}: is no database that it knows; give a path or a postgres: URL`;
  throw new BackstepError('input-invalid', message);
}

/** A target as people may see it: the path, or the URL without password. */
export function shownDatabase(database: DatabaseAddress): string {
  if (typeof database !== 'string') return shownUrl(database.url);
  if (isPostgresUrl(database)) return shownUrl(database);
  // Of another scheme nobody knows where its password stands.
  return OTHER_SCHEME.test(database) ? database.replace(/:\/\/.*/s, `://${HIDDEN}`) : database;
}

function assertPostgres(text: string): void {
  if (isPostgresUrl(text) && parsed(text) !== null) return;
  const message =
    'the database is no URL such as postgres://user:password@host:5432/name; ' +
    'in user and password, write each of : / ? # @ % as %3A %2F %3F %23 %40 %25';
  throw new BackstepError('input-invalid', message);
}

/**
 * `null` also where a part of the password may stand somewhere else: unescaped, its `/`, `?` or `#`
 * ends the user's part, and an `@` behind that part gives it away.
 */
function parsed(text: string): URL | null {
  if (!/^[a-z]+:\/\//i.test(text) || !URL.canParse(text)) return null;
  const url = new URL(text);
  return `${url.pathname}${url.hash}`.includes('@') || url.hash !== '' ? null : url;
}

function shownUrl(text: string): string {
  const url = parsed(text);
  if (url === null || hasStrayAt(url)) return `postgres://${HIDDEN}`;
  const user = url.username === '' ? '' : `${url.username}${url.password ? `:${HIDDEN}` : ''}@`;
  const members = [...url.searchParams].map(
    ([name, value]) => `${name}=${SHOWN_MEMBERS.has(name) ? encodeURIComponent(value) : HIDDEN}`,
  );
  const query = members.length === 0 ? '' : `?${members.join('&')}`;
  return `${url.protocol}//${user}${url.host}${url.pathname}${query}`;
}

/** An `@` as it is in the query: it may have been meant to end a password with a `?` in it. */
function hasStrayAt({ search }: URL): boolean {
  return search.includes('@');
}
