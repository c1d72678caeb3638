/**
 * A plain connection for work apart from the writer's, such as migrations, and Kysely over it.
 *
 * Invariant: pg's parsers, which a program may have changed for itself, never reach the engine's
 * own values.
 */
import { Kysely, PostgresAdapter, PostgresDialect, type PostgresPoolClient } from 'kysely';
import { Client, type ClientConfig, types } from 'pg';

/** Time until a connection that is not there counts as missing. */
const CONNECT_LIMIT_MS = 5_000;

const BOOL = 16;
const INT8 = 20;

/** Counts and ids are numbers: none of ours is beyond 2^53. */
const OWN_PARSERS: Readonly<Record<number, (text: string) => unknown>> = {
  [BOOL]: (text) => text === 't',
  [INT8]: Number,
};

/** For every connection whose rows are read as values. */
export const VALUE_TYPES: NonNullable<ClientConfig['types']> = {
  getTypeParser: (id: number): ((text: string) => unknown) =>
    OWN_PARSERS[id] ?? (types.getTypeParser(id, 'text') as (text: string) => unknown),
};

/** A connection that may be made not to keep the process. */
export interface HeldClient extends Client {
  /** The server's process for it, as notifications name it. */
  readonly processID: number | null;
  ref(): void;
  unref(): void;
}

/** Opens a connection; its loss is told by what is asked next. Throws what pg throws. */
export async function openClient(url: string, applicationName: string): Promise<HeldClient> {
  const client = new Client({
    connectionString: url,
    application_name: applicationName,
    connectionTimeoutMillis: CONNECT_LIMIT_MS,
    keepAlive: true,
    types: VALUE_TYPES,
  }) as HeldClient;
  // Without a listener the end of a connection would be the end of the process.
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** Ends a connection. Whoever waits for that is kept until then, though what is idle keeps nobody. */
export function endHeld(client: HeldClient): Promise<void> {
  client.ref();
  return client.end();
}

/** Kysely over one connection, which stays the caller's. */
export function kyselyOver(client: Client): Kysely<unknown> {
  const query = (text: string, values: readonly unknown[]) => client.query(text, [...values]);
  const held = { query, release: () => {} } as unknown as PostgresPoolClient;
  const pool = { connect: async () => held, end: async () => {}, options: {} };
  return new Kysely<unknown>({ dialect: new OneConnectionDialect({ pool }) });
}

/** Migrations are serialised by the owner's lock: Kysely's own would be one for all schemas. */
class OwnersLockAdapter extends PostgresAdapter {
  override async acquireMigrationLock(): Promise<void> {}

  override async releaseMigrationLock(): Promise<void> {}
}

class OneConnectionDialect extends PostgresDialect {
  override createAdapter(): PostgresAdapter {
    return new OwnersLockAdapter();
  }
}
