/**
 * What processes over one database tell each other, and the rows that a standby writes for the
 * owner: over a connection of its own, beside the owner's batches.
 *
 * A notification only says that it is worth a look, and is sent after the commit, never in it:
 * commits with one are done one at a time in the whole server. Who hears none looks all the same.
 */
import type { QueryResult } from 'pg';
import type { ExpectedStatement } from '../../core/activity.ts';
import { toFailure } from '../../core/failure.ts';
import { readUnavailable } from '../read-limits.ts';
import { type HeldClient, openClient } from './client.ts';

/** Between two looks when nothing is heard. */
const LOOK_MS = 250;
/** Between two notifications of one process. */
const NOTIFY_MS = 20;

export class NewsLine {
  readonly #url: string;
  readonly #channel: string;
  readonly #tell: () => void;
  readonly #looking: NodeJS.Timeout;
  #client: Promise<HeldClient> | null = null;
  /** The last statement sent: the client takes one at a time. */
  #before: Promise<unknown> = Promise.resolve();
  #notifying: NodeJS.Timeout | null = null;
  #isClosed = false;

  /** `tell`: something may have come. */
  constructor(url: string, schema: string, tell: () => void) {
    this.#url = url;
    this.#channel = `backstep_${schema}`;
    this.#tell = tell;
    this.#looking = setInterval(() => {
      this.#connected().catch(() => {}); // it is tried again at the next look
      this.#tell();
    }, LOOK_MS);
    this.#looking.unref();
  }

  /** Something of this process was committed. */
  committed(): void {
    if (this.#notifying !== null || this.#isClosed) return;
    this.#notifying = setTimeout(() => {
      this.#notifying = null;
      void this.#notify();
    }, NOTIFY_MS);
    this.#notifying.unref();
  }

  /** Runs a statement in a transaction of its own. Throws `unavailable`. */
  async run({ sql, parameters }: ExpectedStatement): Promise<number> {
    try {
      const { rowCount } = await this.#query(sql, parameters);
      this.committed();
      return rowCount ?? 0;
    } catch (thrown) {
      throw readUnavailable(toFailure(thrown).message);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#looking);
    if (this.#notifying !== null) clearTimeout(this.#notifying);
    await this.#client?.then((client) => client.end()).catch(() => {});
  }

  async #notify(): Promise<void> {
    try {
      await this.#query('SELECT pg_notify($1, $2)', [this.#channel, '']);
    } catch {
      // Who was to hear it looks by itself.
    }
  }

  #query(sql: string, parameters: readonly unknown[]): Promise<QueryResult> {
    const answer = this.#before.then(async () => {
      const client = await this.#connected();
      return await client.query(sql, [...parameters]);
    });
    this.#before = answer.catch(() => {}); // whoever asked is told
    return answer;
  }

  #connected(): Promise<HeldClient> {
    if (this.#isClosed) return Promise.reject(readUnavailable('the store is closed'));
    return (this.#client ??= this.#open());
  }

  /** Invariant: one that is not listening is ended, and only the one in use is ever forgotten. */
  #open(): Promise<HeldClient> {
    const opening = openClient(this.#url, 'backstep-news').then(async (client) => {
      client.on('end', forget);
      client.on('notification', () => this.#tell());
      try {
        await client.query(`LISTEN "${this.#channel}"`);
      } catch (thrown) {
        client.end().catch(() => {}); // it is gone already
        throw thrown;
      }
      client.unref(); // only what is asked for keeps the process
      return client;
    });
    const forget = (): void => {
      if (this.#client === opening) this.#client = null;
    };
    opening.catch(forget);
    return opening;
  }
}
