/**
 * Reads over connections of their own, in bounded time; never writes.
 *
 * A lane has so many connections, made when they are needed and kept; what finds none free waits in
 * a bounded queue. The server ends a read that takes too long; one whose answer does not come at all
 * is given up with its connection.
 */
import { type Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely';
import { toFailure } from '../../../core/failure.ts';
import { MAX_QUEUED_READS, readUnavailable, tookTooLong, tooManyReads } from '../../read-limits.ts';
import { type DialectParts, type QueryLane, readOnlyKysely } from '../../read-only-kysely.ts';
import { endHeld, type HeldClient, openClient } from '../connection/client.ts';
import { readFrames, ReadSegment } from './read-segment.ts';

export interface ReadPoolOptions {
  /** Most connections at a time. */
  readonly connections: number;
  readonly timeLimitMs: number;
}

/** The server's own limit speaks first, unless it cannot be heard. */
const SILENCE_MARGIN_MS = 1_000;

interface PendingRead {
  readonly bytes: Buffer;
  readonly resolve: (rows: readonly unknown[]) => void;
  readonly reject: (error: Error) => void;
}

/** A lane of reads; lanes do not wait for each other. */
export class ReadPool implements QueryLane {
  readonly #url: string;
  readonly #options: ReadPoolOptions;
  readonly #idle: HeldClient[] = [];
  /** Those that answer a query, with the way to give it up. */
  readonly #busy = new Map<HeldClient, (error: Error) => void>();
  /** Connections that are there or being opened. */
  #connections = 0;
  #opening = 0;
  #queue: PendingRead[] = [];
  #isClosed = false;

  constructor(url: string, options: ReadPoolOptions) {
    this.#url = url;
    this.#options = options;
  }

  /** A Kysely instance that reads through this lane. `Tables` is the caller's word. */
  kysely<Tables>(): Kysely<Tables> {
    return readOnlyKysely<Tables>(this, PARTS);
  }

  /**
   * The rows of a query. Rejects with `unavailable` (too slow, not reachable, closed), `overloaded`,
   * `storage-failed` (the server found damage), or an `Error` when the SQL is wrong or writes.
   */
  async query(sql: string, parameters: readonly unknown[]): Promise<readonly unknown[]> {
    if (this.#isClosed) throw closed();
    if (this.#queue.length >= MAX_QUEUED_READS) throw tooManyReads();
    const bytes = readFrames(sql, parameters, this.#options.timeLimitMs);
    const { promise, resolve, reject } = Promise.withResolvers<readonly unknown[]>();
    this.#queue.push({ bytes, resolve, reject });
    this.#next();
    return promise;
  }

  /** Refuses what waits and ends the connections. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const read of this.#queue) read.reject(closed());
    this.#queue = [];
    for (const giveUp of this.#busy.values()) giveUp(closed());
    await Promise.all(this.#idle.splice(0).map(endHeld));
  }

  #next(): void {
    if (this.#queue.length === 0) return;
    const client = this.#idle.pop();
    if (client !== undefined) {
      const read = this.#queue.shift();
      if (read !== undefined) this.#ask(client, read);
      return;
    }
    const isFull = this.#connections >= this.#options.connections;
    // Those that are being opened take what waits already.
    if (!isFull && this.#opening < this.#queue.length) void this.#open();
  }

  async #open(): Promise<void> {
    this.#connections += 1;
    this.#opening += 1;
    try {
      const client = await openClient(this.#url, 'backstep-reader');
      this.#opening -= 1;
      client.on('end', () => this.#forget(client));
      this.#release(client);
    } catch (thrown) {
      this.#opening -= 1;
      this.#connections -= 1;
      // Whoever waits would only wait for the same failure.
      const error = readUnavailable(toFailure(thrown).message);
      for (const read of this.#queue.splice(0)) read.reject(error);
    }
  }

  #ask(client: HeldClient, { bytes, resolve, reject }: PendingRead): void {
    const { timeLimitMs } = this.#options;
    const settle = (outcome: readonly unknown[] | Error): void => {
      if (!this.#busy.delete(client)) return;
      clearTimeout(silence);
      if (outcome instanceof Error) reject(outcome);
      else resolve(outcome);
    };
    const giveUp = (error: Error): void => {
      settle(error);
      destroy(client);
    };
    const silence = setTimeout(() => {
      // When this thread was blocked itself, the answer may be waiting behind this timer.
      setImmediate(() => this.#busy.get(client)?.(tookTooLong(timeLimitMs)));
    }, timeLimitMs + SILENCE_MARGIN_MS);
    this.#busy.set(client, giveUp);
    client.ref();
    client.once('drain', () => this.#release(client));
    client.query(new ReadSegment(bytes, timeLimitMs, settle));
  }

  #release(client: HeldClient): void {
    if (this.#isClosed) {
      void client.end();
      return;
    }
    client.unref(); // an idle connection does not keep the process
    this.#idle.push(client);
    this.#next();
  }

  #forget(client: HeldClient): void {
    this.#connections -= 1;
    const at = this.#idle.indexOf(client);
    if (at >= 0) this.#idle.splice(at, 1);
    this.#busy.get(client)?.(readUnavailable('the connection to the database ended'));
    this.#next();
  }
}

const PARTS: DialectParts = {
  adapter: () => new PostgresAdapter(),
  compiler: () => new PostgresQueryCompiler(),
  introspector: (db) => new PostgresIntrospector(db),
};

function destroy(client: HeldClient): void {
  client.connection.stream.destroy();
}

function closed(): Error {
  return readUnavailable('the store is closed');
}
