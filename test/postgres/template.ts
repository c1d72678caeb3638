/**
 * Databases of a server made and removed, and one with the engine's tables to copy others from: to
 * run the migrations took most of the time of a test that needs a database.
 *
 * Apart from `databases.ts`, because the process of the run needs it, where no test runs.
 */
import pg from 'pg';
import { migratePostgres } from '../../src/store/postgres/migrate.ts';

/** For a superuser, and for the role that owns databases. */
export interface ServerUrls {
  readonly adminUrl: string;
  readonly url: string;
}

/** Makes the database that others are copied from. */
export async function makeTemplate(urls: ServerUrls, name: string): Promise<void> {
  await createDatabase(urls, name);
  await migratePostgres(withDatabase(urls.url, name));
}

/** Makes a database, empty or a copy of `template`, to which nobody may be connected. */
export async function createDatabase(
  { adminUrl, url }: ServerUrls,
  name: string,
  template?: string,
): Promise<void> {
  const owner = new URL(url).username;
  const options = [
    ...(owner === '' ? [] : [`OWNER ${owner}`]),
    ...(template === undefined ? [] : [`TEMPLATE ${template}`]),
  ];
  await asAdmin(adminUrl, `CREATE DATABASE ${name} ${options.join(' ')}`);
}

/** Removes a database, with whoever is connected to it. */
export async function dropDatabase(adminUrl: string, name: string): Promise<void> {
  await asAdmin(adminUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
}

export function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}

async function asAdmin(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
