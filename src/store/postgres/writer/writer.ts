/**
 * The writer of a PostgreSQL database, in this thread: waits as a standby until it owns it, then
 * writes one batch after the other, over as many connections as that takes.
 *
 * Invariant: a batch is answered only when all of it is decided. While the database stays ours, no
 * outcome is unknown: what a lost connection left is looked up over the next. `failed` comes only
 * when ownership is lost or the database is not the one it was.
 */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { BackstepError } from '../../../core/errors.ts';
import { toFailure } from '../../../core/failure.ts';
import type { BatchItem, FromWriter, ToWriter } from '../../batch-items.ts';
import { type FinalFault, TAKEN_OVER } from '../../final-fault.ts';
import type { WriterPort } from '../../writer-port.ts';
import { Batch } from './batch.ts';
import { BatchWriter, type BatchResult } from './batch-writer.ts';
import type { PostgresConnection } from '../connection/connection.ts';
import { unusableDatabase } from '../connection/database-errors.ts';
import { OwnershipQueries } from '../ownership/ownership.ts';
import { OwnerWatch } from '../ownership/owner-watch.ts';
import { BatchStopped } from './session.ts';
import { engineStatements } from './statements.ts';
import { DEFAULT_TIMINGS, type PostgresTimings } from '../ownership/timings.ts';
import { resolveCommit } from './unknown-commit.ts';
import { comeBack, type History, takeOver, type WriterLink } from './writer-link.ts';
import type { PostgresWriterOptions } from './writer-options.ts';

/** What is kept from one connection to the next. */
interface Owner {
  readonly writer: BatchWriter;
  readonly history: History;
  ownerEpoch: number;
}

const INSTANCE_ID_BYTES = 9;
/** A batch that lost so many connections is tried item by item. */
const CAUTIOUS_AFTER = 2;

export class PostgresWriter implements WriterPort {
  readonly #timings: PostgresTimings;
  readonly #me;
  readonly #queries: OwnershipQueries;
  readonly #sql;
  readonly #watch: OwnerWatch;
  readonly #linkOptions;
  readonly #onWritten: () => void;
  readonly #over = new AbortController();
  #take: (message: FromWriter) => void = () => {};
  #owner: Owner | null = null;
  #link: WriterLink | null = null;
  #lost: PostgresConnection | null = null;
  #regaining: Promise<WriterLink | null> | null = null;
  #isBusy = false;

  constructor(options: PostgresWriterOptions) {
    const { url, schema, label, nowMs = Date.now, onWarning = () => {} } = options;
    this.#onWritten = options.onWritten ?? (() => {});
    this.#timings = { ...DEFAULT_TIMINGS, ...options.timings };
    this.#me = {
      id: randomBytes(INSTANCE_ID_BYTES).toString('base64url'),
      label: label ?? `${hostname()}, process ${process.pid}`,
    };
    this.#queries = new OwnershipQueries(schema);
    this.#sql = engineStatements(schema);
    const shared = { url, me: this.#me, queries: this.#queries, timings: this.#timings };
    this.#watch = new OwnerWatch({
      ...shared,
      nowMs,
      onWarning,
      onTaken: () => this.#fail(TAKEN_OVER),
    });
    this.#linkOptions = {
      ...shared,
      sql: this.#sql,
      onLost: (link: WriterLink, reason: string) => this.#noteLoss(link, reason),
    };
  }

  listen(take: (message: FromWriter) => void, crashed: (reason: string) => void): void {
    this.#take = take;
    this.#open().catch((thrown: unknown) => {
      const failure = thrown instanceof BackstepError ? thrown : null;
      if (failure === null) crashed(toFailure(thrown).message);
      else this.#say({ kind: 'refused', code: failure.code, message: failure.message });
      this.#end();
    });
  }

  send(message: ToWriter): void {
    const done = message.kind === 'batch' ? this.#run(message.items) : this.#close(message.isClean);
    done.catch((thrown: unknown) =>
      this.#fail({ kind: 'failed', reason: toFailure(thrown).message }),
    );
  }

  async terminate(): Promise<void> {
    this.#end();
  }

  async #open(): Promise<void> {
    try {
      await this.#watch.open();
    } catch (thrown) {
      throw unusableDatabase(this.#linkOptions.url, thrown);
    }
    while (!this.#over.signal.aborted) {
      const sight = await this.#watch.untilFree((owner) => {
        this.#say({ kind: 'standby', owner });
        this.#watch.release();
      });
      if (sight === null) return;
      if (await this.#takeOver(sight.ownerEpoch)) return void this.#watch.beat();
      await this.#pause(this.#timings.pollEveryMs);
    }
  }

  /** False: not ours yet; look again. */
  async #takeOver(seenEpoch: number): Promise<boolean> {
    try {
      const took = await takeOver(this.#linkOptions, seenEpoch);
      if (took === null) return false;
      const { link, taken } = took;
      if (this.#over.signal.aborted) {
        // Closed meanwhile: the next one is not to wait for a beat that never comes.
        await this.#queries.leave(link.connection.pipeline, this.#me, taken.wasLeftClean);
        link.connection.destroy();
        return false;
      }
      const { lastSid, lastSeq, wasLeftClean } = taken;
      this.#watch.release();
      link.connection.unref();
      this.#link = link;
      const { history, ownerEpoch } = link;
      this.#owner = { writer: new BatchWriter(this.#sql, lastSeq), history, ownerEpoch };
      this.#say({ kind: 'opened', lastSid, lastSeq, wasLeftClean });
      return true;
    } catch (thrown) {
      if (thrown instanceof BackstepError) throw thrown;
      return false; // a lock that is still held, or the connection: the next look tells
    }
  }

  async #run(items: readonly BatchItem[]): Promise<void> {
    const startedMs = performance.now();
    const batch = new Batch(items);
    this.#isBusy = true;
    this.#link?.connection.ref();
    let losses = 0;
    for (let tries = 0; !this.#over.signal.aborted; tries += 1) {
      // Without a wait where there is one: what waits here lets all turns that the last batch set off
      // go first, and the server is idle meanwhile.
      const link = this.#link ?? (await this.#linked());
      if (link === null) return;
      const result = await this.#step(link, batch);
      if (result.kind === 'done') {
        this.#isBusy = false;
        link.connection.unref();
        const durationMs = performance.now() - startedMs;
        this.#say({ kind: 'done', outcomes: batch.outcomes(), durationMs });
        return this.#onWritten();
      }
      if (result.kind === 'failed') return this.#fail(result);
      this.#say({ kind: 'stalled', reason: result.reason });
      if (result.kind === 'stalled') {
        const { firstRetryDelayMs, maxRetryDelayMs } = this.#timings;
        await this.#pause(Math.min(maxRetryDelayMs, firstRetryDelayMs * 2 ** tries));
        continue;
      }
      this.#drop(link);
      losses += 1;
      batch.isCautious = losses >= CAUTIOUS_AFTER;
    }
  }

  async #step(link: WriterLink, batch: Batch): Promise<BatchResult> {
    const writer = this.#owner?.writer;
    if (writer === undefined) return { kind: 'failed', reason: 'the database is not owned yet' };
    if (batch.inHand !== null) {
      try {
        const { pipeline } = link.connection;
        const resolved = await resolveCommit(pipeline, batch, this.#sql);
        if (resolved !== null) writer.goOn(resolved);
      } catch (thrown) {
        return { kind: 'lost', reason: toFailure(thrown).message };
      }
    }
    return await writer.run(link.session, batch);
  }

  /** The link, or the next one; `null`: over. */
  async #linked(): Promise<WriterLink | null> {
    if (this.#link !== null) return this.#link;
    this.#regaining ??= this.#regain().finally(() => {
      this.#regaining = null;
    });
    return await this.#regaining;
  }

  async #regain(): Promise<WriterLink | null> {
    const { firstReconnectMs, longestReconnectMs } = this.#timings;
    const owner = this.#owner;
    if (owner === null) return null;
    for (let tries = 0; !this.#over.signal.aborted; tries += 1) {
      try {
        const { seq, transactionId } = owner.writer;
        const acknowledged = { ...owner, seq, transactionId };
        const link = await comeBack(this.#linkOptions, this.#lost, acknowledged);
        owner.ownerEpoch = link.ownerEpoch;
        if (this.#over.signal.aborted) {
          link.connection.destroy();
          return null;
        }
        if (!this.#isBusy) link.connection.unref();
        this.#link = link;
        return link;
      } catch (thrown) {
        if (thrown instanceof BatchStopped && thrown.fault.kind === 'failed') {
          this.#fail(thrown.fault);
          return null;
        }
        this.#say({ kind: 'stalled', reason: toFailure(thrown).message });
        await this.#pause(Math.min(longestReconnectMs, firstReconnectMs * 2 ** tries));
      }
    }
    return null;
  }

  #noteLoss(link: WriterLink, reason: string): void {
    if (this.#link !== link || this.#over.signal.aborted) return;
    this.#drop(link);
    if (this.#isBusy) return; // its batch is told
    this.#say({ kind: 'stalled', reason });
    void this.#linked().then((next) => {
      if (next !== null && !this.#isBusy) this.#say({ kind: 'resumed' });
    });
  }

  #drop(link: WriterLink): void {
    this.#lost = link.connection;
    if (this.#link === link) this.#link = null;
    link.connection.destroy();
  }

  async #close(isClean: boolean): Promise<void> {
    const link = this.#link;
    // A beat that finds the database left would be told as somebody else's taking it over.
    this.#watch.stop();
    if (link !== null) {
      link.connection.ref();
      try {
        await this.#queries.leave(link.connection.pipeline, this.#me, isClean);
      } catch {
        // To the next owner this looks like a crash, and takes as long.
      }
    }
    this.#say({ kind: 'closed' });
    this.#end();
  }

  #fail(fault: FinalFault): void {
    this.#say(fault);
    this.#end();
  }

  /** Nothing is said or sent any more. */
  #end(): void {
    this.#over.abort();
    this.#watch.stop();
    this.#link?.connection.destroy();
    this.#link = null;
  }

  #say(message: FromWriter): void {
    if (!this.#over.signal.aborted) this.#take(message);
  }

  async #pause(delayMs: number): Promise<void> {
    const { signal } = this.#over;
    await pause(delayMs, undefined, { signal }).catch(() => {}); // over meanwhile
  }
}
