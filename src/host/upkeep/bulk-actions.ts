/**
 * One command for many sagas: the list is frozen first, then each saga takes or refuses it.
 *
 * Invariant: the list never changes once frozen, and each saga of it gets the command at most once,
 * restarts included: an interrupted run looks into the audit before it goes on, and an order whose
 * answer was lost has the same name again. One bulk command runs at a time, a bounded number of its
 * sagas at once.
 */
import type { ExpectedStatement } from '../../core/activity.ts';
import { isoText } from '../../core/iso-time.ts';
import { BackstepError, isPassing } from '../../core/errors.ts';
import type { SagaState } from '../../core/state.ts';
import type { CommandName, OperatorCommand } from '../../core/turn/inbound.ts';
import {
  type BulkItem,
  type BulkOutcome,
  type BulkReads,
  type BulkRecord,
  createBulkReads,
  freezeWrites,
  markWrite,
  outcomesWrite,
} from '../../store/queries/bulk-records.ts';
import type { Page, Paged, ReadModels } from '../../store/read-models.ts';
import type { DatabaseAccess } from '../../store/store.ts';
import { written } from '../../store/commit.ts';
import { type Clock, orAfter, systemClock } from '../clock.ts';
import type { Logger } from '../turn-log.ts';
import type { BulkCommands, BulkProgress, BulkRequest } from './bulk-commands.ts';

/** Most sagas of one bulk command. */
const MAX_BULK_SAGAS = 100_000;
/** Sagas commanded at once, and the outcomes that are written together. */
const SAGAS_AT_ONCE = 64;
/** Pause when the engine takes nothing on just now. */
const PAUSE_MS = 500;
/** Runs of a list whose reads or writes fail, before the next process goes on with it. */
const MAX_RUNS = 10;
/** Longest pause between them; it doubles. */
const MAX_PAUSE_MS = 60_000;

/** What this needs of the engine. */
export interface BulkHost {
  readonly read: Pick<ReadModels, 'saga' | 'sagaIds'>;
  readonly store: Pick<DatabaseAccess, 'tables' | 'write'>;
  /** `once` names the order: where its answer may be lost, the saga takes each name once. */
  saga(
    id: string,
    once: string,
  ): { command(command: OperatorCommand): Promise<Pick<SagaState, 'status'>> };
}

export interface BulkParts {
  readonly logger: Pick<Logger, 'error' | 'info'>;
  /** Default: the machine's clock. */
  readonly clock?: Clock;
}

export class BulkActions implements BulkCommands {
  readonly #host: BulkHost;
  readonly #reads: BulkReads;
  readonly #clock: Clock;
  readonly #logger: BulkParts['logger'];
  /** Freezes and runs, one after the other. */
  #freezing: Promise<unknown> = Promise.resolve();
  #running: Promise<unknown> = Promise.resolve();
  /** Lists that a person stopped while they ran here. */
  readonly #stopped = new Set<number>();
  readonly #closing = Promise.withResolvers<void>();
  #isClosed = false;

  constructor(host: BulkHost, { logger, clock = systemClock }: BulkParts) {
    this.#host = host;
    this.#reads = createBulkReads(host.store.tables());
    this.#clock = clock;
    this.#logger = logger;
  }

  /**
   * Freezes the list; resolves once it is durable. Throws `input-invalid` for more sagas than
   * `MAX_BULK_SAGAS`, `overloaded`, `unavailable`.
   */
  freeze(request: BulkRequest): Promise<BulkProgress> {
    const frozen = this.#freezing.then(() => this.#freeze(request));
    this.#freezing = frozen.catch(() => {});
    return frozen;
  }

  /** Starts what was frozen, once; resolves when that is durable. Throws `not-found`. */
  async start(id: number): Promise<BulkProgress> {
    const found = await this.find(id);
    if (found.startedAtMs !== null) return found;
    const startedAtMs = this.#clock.nowMs();
    await this.#mark(id, 'started', startedAtMs);
    this.#queue(id, false);
    return { ...found, startedAtMs };
  }

  /**
   * Leaves alone the sagas whose turn has not come; those that it is ordered of just then still take
   * it. Resolves when that is durable. Throws `not-found`, and `not-legal` where it was never started.
   */
  async stop(id: number): Promise<BulkProgress> {
    const { startedAtMs, endedAtMs } = await this.find(id);
    if (startedAtMs === null) {
      throw new BackstepError(
        'not-legal',
        `bulk command ${id} was not started; nothing is to stop`,
      );
    }
    if (endedAtMs === null) {
      this.#stopped.add(id);
      await this.#mark(id, 'ended', this.#clock.nowMs());
      this.#logger.info({ bulk: id }, 'a person stopped a bulk command');
    }
    return this.find(id);
  }

  /** Goes on with what an earlier process left unfinished; to be called when work is accepted. */
  async resume(): Promise<void> {
    try {
      for (const id of await this.#reads.underWay()) this.#queue(id, true);
    } catch (err) {
      if (!this.#isClosed) this.#logger.error({ err }, 'no bulk command goes on');
    }
  }

  /** Throws `not-found`. */
  async find(id: number): Promise<BulkProgress> {
    const [record, counts] = await Promise.all([this.#reads.find(id), this.#reads.counts(id)]);
    if (record !== null) return { ...record, counts };
    throw new BackstepError('not-found', `there is no bulk command ${id}`);
  }

  /** Newest first; the last 200 are kept. */
  list(page: Page): Promise<Paged<BulkRecord>> {
    return this.#reads.list(page);
  }

  /** Saga by saga, in the order of the list. Throws `not-found`. */
  async items(id: number, outcome: BulkOutcome | null, page: Page): Promise<Paged<BulkItem>> {
    await this.find(id);
    return this.#reads.items(id, outcome, page);
  }

  /** Resolves when nothing runs any more. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /** Ends between two commands; `resume` goes on in the next process. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#closing.resolve();
    await this.#running;
  }

  async #freeze({ command, by, reason, sagas }: BulkRequest): Promise<BulkProgress> {
    const isFilter = 'filter' in sagas;
    const ids = isFilter
      ? await this.#host.read.sagaIds(sagas.filter, MAX_BULK_SAGAS + 1)
      : [...new Set(sagas.ids)];
    if (ids.length > MAX_BULK_SAGAS) throw tooMany();
    const record = {
      id: (await this.#reads.lastId()) + 1,
      command,
      by,
      reason,
      filter: isFilter ? JSON.stringify(sagas.filter) : null,
      total: ids.length,
      createdAtMs: this.#clock.nowMs(),
    };
    for (const write of freezeWrites(this.#host.store.tables(), record, ids))
      await this.#write(write);
    const counts = { taken: 0, refused: 0, failed: 0, pending: ids.length };
    return { ...record, startedAtMs: null, endedAtMs: null, counts };
  }

  #queue(id: number, isResumed: boolean): void {
    this.#running = this.#running.then(() => this.#runToItsEnd(id, isResumed));
  }

  /** Never rejects. What is not done then stays pending; the next process goes on with it. */
  async #runToItsEnd(id: number, isResumed: boolean): Promise<void> {
    let pauseMs = PAUSE_MS;
    for (let runs = 1; runs <= MAX_RUNS && !this.#isClosed; runs += 1) {
      try {
        await this.#run(id, isResumed || runs > 1);
        break;
      } catch (err) {
        this.#logger.error({ err, bulk: id, runs }, 'a bulk command stopped halfway');
      }
      await this.#pause(pauseMs);
      pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS);
    }
    this.#stopped.delete(id);
  }

  async #run(id: number, isResumed: boolean): Promise<void> {
    const record = await this.#reads.find(id);
    if (record === null || record.endedAtMs !== null) return;
    // Only the first items can have been commanded without a record of it.
    let mayHaveBeenTaken = isResumed;
    let place = -1;
    while (this.#goesOn(record)) {
      const items = await this.#reads.pending(id, place, SAGAS_AT_ONCE);
      place = items.at(-1)?.position ?? place;
      if (items.length === 0) {
        await this.#mark(id, 'ended', this.#clock.nowMs());
        return;
      }
      const taken = mayHaveBeenTaken ? await this.#takenBefore(record, items) : new Set<string>();
      mayHaveBeenTaken = false;
      const done = await Promise.all(
        items.map((item) =>
          taken.has(item.sagaId) ? this.#takenItem(item) : this.#command(record, item),
        ),
      );
      const known = done.filter((item) => item.outcome !== null);
      const db = this.#host.store.tables();
      if (known.length > 0) await this.#write([outcomesWrite(db, id, known)]);
    }
  }

  #goesOn({ id }: BulkRecord): boolean {
    return !this.#isClosed && !this.#stopped.has(id);
  }

  #pause(delayMs: number): Promise<void> {
    return orAfter(this.#clock, this.#closing.promise, delayMs);
  }

  async #mark(id: number, mark: 'started' | 'ended', atMs: number): Promise<void> {
    await this.#write([markWrite(this.#host.store.tables(), id, mark, atMs)]);
  }

  async #write(statements: readonly ExpectedStatement[]): Promise<void> {
    await written(this.#host.store, statements, 'a bulk command');
  }

  #takenBefore(record: BulkRecord, items: readonly BulkItem[]): Promise<ReadonlySet<string>> {
    return this.#reads.audited(
      items.map(({ sagaId }) => sagaId),
      authorOf(record),
    );
  }

  async #takenItem(item: BulkItem): Promise<BulkItem> {
    const saga = await this.#host.read.saga(item.sagaId);
    return { ...item, outcome: 'taken', status: saga?.status ?? null };
  }

  async #command(record: BulkRecord, item: BulkItem): Promise<BulkItem> {
    const { command, reason } = record;
    const order = {
      name: command as CommandName, // written by `freeze`
      by: authorOf(record),
      ...(reason === null ? {} : { reason }),
    };
    const once = `bulk-${record.id}-${record.createdAtMs}`;
    while (this.#goesOn(record)) {
      try {
        const { status } = await this.#host.saga(item.sagaId, once).command(order);
        return { ...item, outcome: 'taken', status };
      } catch (error) {
        if (!isPassing(error)) return { ...item, ...this.#refusal(error, item) };
        await this.#pause(PAUSE_MS);
      }
    }
    return item;
  }

  #refusal(err: unknown, { sagaId }: BulkItem): Pick<BulkItem, 'outcome' | 'detail'> {
    if (err instanceof BackstepError) return { outcome: 'refused', detail: err.message };
    this.#logger.error({ err, sagaId }, 'a saga failed on a bulk command');
    return { outcome: 'failed', detail: 'the machine of this saga fails on the command' };
  }
}

/** Recorded in the audit of each saga, and found there again after a crash. */
function authorOf({ by, id, createdAtMs }: BulkRecord): string {
  return `${by} (bulk ${id}, ${isoText(createdAtMs)})`;
}

function tooMany(): BackstepError {
  const message = `at most ${MAX_BULK_SAGAS} sagas at once: narrow the filter`;
  const issues = [{ path: 'filter', message, isTypeError: false }];
  return new BackstepError('input-invalid', message, { issues });
}
