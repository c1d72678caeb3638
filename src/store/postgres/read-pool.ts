/** Reads over connections of their own, which can never write. */
import { Kysely, PostgresDialect } from 'kysely';
import { Pool } from 'pg';
import { VALUE_TYPES } from './client.ts';

export class ReadPool {
  readonly #pool: Pool;

  constructor(
    url: string,
    options: { readonly connections: number; readonly timeLimitMs: number },
  ) {
    this.#pool = new Pool({
      connectionString: url,
      max: options.connections,
      allowExitOnIdle: true,
      types: VALUE_TYPES,
      options: `-c default_transaction_read_only=on -c statement_timeout=${options.timeLimitMs}`,
    });
    this.#pool.on('error', () => {}); // told by the next query
    this.#pool.on('connect', (client) => void client.on('error', () => {}));
  }

  kysely<Tables>(): Kysely<Tables> {
    return new Kysely<Tables>({ dialect: new PostgresDialect({ pool: this.#pool }) });
  }

  close(): Promise<void> {
    return this.#pool.end();
  }
}
