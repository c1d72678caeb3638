/**
 * What processes over one database tell each other, and the rows that a standby writes for the
 * owner: over a connection of its own, beside the owner's batches.
 *
 * A notification only says that it is worth a look, and is sent after the commit, never in it:
 * commits with one are done one at a time in the whole server. Who hears none looks all the same.
 */
import type { ExpectedStatement } from '../../core/activity.ts';
import { BackstepError } from '../../core/errors.ts';
import { toFailure } from '../../core/failure.ts';
import type { WriteOutcome } from '../commit.ts';
import { readUnavailable } from '../read-limits.ts';
import { failedError } from '../refusals.ts';
import { endHeld, type HeldClient, openClient } from './connection/client.ts';
import { toFault } from './connection/fault.ts';
import type { Statement } from './connection/pipeline.ts';
import { toStatements } from './writer/participants.ts';

/**
 * Between two looks when nothing is heard: rows of the inbox come from programs that notify nobody.
 * A standby waits for the owner alone, who does: it looks in every so-manyth only, for what was
 * not heard.
 */
const LOOK_MS = 250;
const STANDBY_LOOKS_IN = 4;
/** Between two notifications of one process. */
const NOTIFY_MS = 20;

/** Waits for no disk, where the batches' own commits do: one that is lost is looked for. */
const NOTIFY = "SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, $2)";

/** What the session is called, by which processes over one schema are counted. */
export function newsSessionName(schema: string): string {
  return `backstep-news-${schema}`.slice(0, MAX_SESSION_NAME);
}

/** Longer ones are cut by the server. */
const MAX_SESSION_NAME = 63;

export class NewsLine {
  readonly #url: string;
  readonly #channel: string;
  readonly #name: string;
  readonly #tell: () => void;
  readonly #looking: NodeJS.Timeout;
  #client: Promise<HeldClient> | null = null;
  /** The last statement sent: the client takes one at a time. */
  #before: Promise<unknown> = Promise.resolve();
  #notifying: NodeJS.Timeout | null = null;
  #isClosed = false;

  /** `tell`: something may have come. `isStandby`: only the owner's commits can be news. */
  constructor(url: string, schema: string, tell: () => void, isStandby: () => boolean) {
    this.#url = url;
    this.#channel = `backstep_${schema}`;
    this.#name = newsSessionName(schema);
    this.#tell = tell;
    let looks = 0;
    this.#looking = setInterval(() => {
      this.#connected().catch(() => {}); // it is tried again at the next look
      looks += 1;
      if (looks % STANDBY_LOOKS_IN === 0 || !isStandby()) this.#tell();
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
      const { rowCount } = await this.#held((client) => client.query(sql, [...parameters]));
      this.committed();
      return rowCount ?? 0;
    } catch (thrown) {
      throw readUnavailable(toFailure(thrown).message);
    }
  }

  /**
   * Runs participants' statements in one transaction. Throws `unavailable`, and `storage-failed`
   * where the connection was lost as it was committed.
   */
  async write(statements: readonly ExpectedStatement[]): Promise<WriteOutcome> {
    const sent = sendable(statements);
    if (!Array.isArray(sent)) return sent;
    try {
      const outcome = await this.#held((client) => transact(client, statements, sent));
      if (outcome.kind === 'committed') this.committed();
      return outcome;
    } catch (thrown) {
      if (thrown instanceof BackstepError) throw thrown;
      throw readUnavailable(toFailure(thrown).message);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#looking);
    if (this.#notifying !== null) clearTimeout(this.#notifying);
    await this.#client?.then(endHeld).catch(() => {});
  }

  async #notify(): Promise<void> {
    try {
      await this.#inTurn((client) => client.query(NOTIFY, [this.#channel, '']));
    } catch {
      // Who was to hear it looks by itself.
    }
  }

  /** One statement or transaction after the other. */
  #inTurn<Result>(work: (client: HeldClient) => Promise<Result>): Promise<Result> {
    const done = this.#before.then(async () => await work(await this.#connected()));
    this.#before = done.catch(() => {}); // whoever asked is told
    return done;
  }

  /** As `#inTurn`; the process is kept while it waits for the server. */
  #held<Result>(work: (client: HeldClient) => Promise<Result>): Promise<Result> {
    return this.#inTurn(async (client) => {
      client.ref();
      try {
        return await work(client);
      } finally {
        // Whoever closes the line waits for the end of the connection, and is kept until then.
        if (!this.#isClosed) client.unref();
      }
    });
  }

  #connected(): Promise<HeldClient> {
    if (this.#isClosed) return Promise.reject(readUnavailable('the store is closed'));
    return (this.#client ??= this.#open());
  }

  /** Invariant: one that is not listening is ended, and only the one in use is ever forgotten. */
  #open(): Promise<HeldClient> {
    const opening = openClient(this.#url, this.#name).then(async (client) => {
      client.on('end', forget);
      // What this process has written itself, it knows.
      client.on('notification', ({ processId }) => {
        if (processId !== client.processID) this.#tell();
      });
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

function sendable(statements: readonly ExpectedStatement[]) {
  try {
    return [...toStatements(statements)];
  } catch (thrown) {
    return { kind: 'rejected', message: toFailure(thrown).message } as const;
  }
}

/** `sent`: the statements as they are sent. Throws what the server or the connection ended with. */
async function transact(
  client: HeldClient,
  statements: readonly ExpectedStatement[],
  sent: readonly Statement[],
): Promise<WriteOutcome> {
  let isCommitting = false;
  try {
    await client.query('BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE');
    const changes: number[] = [];
    for (const [index, { sql, parameters }] of sent.entries()) {
      const { rowCount } = await client.query(sql, [...parameters]);
      const expect = statements[index]?.expect;
      if (expect !== undefined && rowCount !== expect.changes) {
        await client.query('ROLLBACK');
        return { kind: 'unmet', code: expect.code, message: expect.message };
      }
      changes.push(rowCount ?? 0);
    }
    await client.query('SET CONSTRAINTS ALL IMMEDIATE');
    isCommitting = true;
    await client.query('COMMIT');
    return { kind: 'committed', changes };
  } catch (thrown) {
    const fault = toFault(thrown);
    if (fault.kind === 'lost') {
      // What is not committed goes with its connection, whatever state that is in.
      client.connection.stream.destroy();
      throw isCommitting ? failedError(fault.reason) : thrown;
    }
    await client.query('ROLLBACK');
    if (fault.kind !== 'statement') throw thrown;
    return { kind: 'rejected', message: fault.reason };
  }
}
