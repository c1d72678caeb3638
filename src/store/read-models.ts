/**
 * What pages and the API read: questions over the journal and its projections. Never writes.
 *
 * Lists are keyset-paged: `cursor` is opaque, `nextCursor` is null on the last page.
 */
import type { SagaStatus } from '../core/status.ts';
import type { FeedEpoch } from './queries/feed-epochs.ts';
import type { GaugeReads } from './queries/gauge-reads.ts';
import type { InboxFigures, RefusedRow } from './queries/inbox.ts';
import type { PendingStartRecord, StartQueueSize } from './queries/start-reads.ts';

export interface Page {
  /** 1 to 200. */
  readonly limit: number;
  readonly cursor: string | null;
}

export interface Paged<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}

/** All given conditions must hold. */
export interface SagaFilter {
  readonly type?: string;
  /** Any of these. */
  readonly status?: readonly SagaStatus[];
  readonly step?: string;
  readonly minAttempts?: number;
  /** Last updated before this time, milliseconds since 1970. */
  readonly updatedBeforeMs?: number;
  /** Prefix of the id, the key or the error. */
  readonly text?: string;
}

/** A line of a list, newest first. Times in milliseconds since 1970. */
export interface SagaSummary {
  readonly id: string;
  readonly key: string | null;
  readonly type: string;
  readonly version: number;
  readonly status: SagaStatus;
  readonly step: string | null;
  readonly attempts: number;
  readonly error: string | null;
  readonly seq: number;
  readonly startedAtMs: number;
  readonly updatedAtMs: number;
  readonly endedAtMs: number | null;
}

/** A summary with the stored state, still encoded. */
export interface SagaRecord extends SagaSummary {
  readonly definitionHash: string;
  readonly state: string;
}

/** A journal line with its saga; what the feed sends. */
export interface FeedEntry {
  /** Global position. */
  readonly seq: number;
  readonly sagaId: string;
  readonly type: string;
  readonly sagaSeq: number;
  readonly atMs: number;
  readonly kind: 'transition' | 'note';
  readonly cause: string;
  readonly event: string;
  readonly from: string | null;
  readonly to: string;
  readonly status: SagaStatus;
}

/** A journal line with the inbound that caused it. */
export interface JournalEntry extends FeedEntry {
  /** The JSON as stored: `{ inbound, note? }`. */
  readonly data: string;
  /** In which form it is written. */
  readonly format: number;
}

export interface DeadLetter {
  readonly id: number;
  readonly sagaId: string;
  readonly type: string;
  readonly key: string | null;
  readonly kind: SagaStatus;
  /** JSON: `{ done, maybe, compensated, outstanding, error }`. */
  readonly letter: string;
  readonly openedAtMs: number;
}

/** What letters have in common that were written for the same reason. */
export interface LetterGroupKey {
  readonly type: string;
  readonly kind: SagaStatus;
  /** Code of the error; empty where none was recorded. */
  readonly code: string;
}

export interface DeadLetterGroup extends LetterGroupKey {
  readonly count: number;
  readonly oldestMs: number;
}

export interface AuditEntry {
  readonly atMs: number;
  readonly sagaSeq: number;
  readonly command: string;
  readonly by: string;
  readonly reason: string | null;
}

/** How many sagas stand where. */
export type StatusCounts = Readonly<Record<SagaStatus, number>>;

/** The sagas of one version. */
export interface VersionCount {
  readonly type: string;
  readonly version: number;
  /** Those that are not over. */
  readonly underWay: number;
  readonly total: number;
}

export interface ReadModels {
  /** Newest first. */
  listSagas(filter: SagaFilter, page: Page): Promise<Paged<SagaSummary>>;
  /** How many match; `newerThan`: only of those started since that `newestCursor`. */
  countSagas(filter: SagaFilter, newerThan?: string): Promise<number>;
  /** The ids of the newest matching sagas, at most `limit`. */
  sagaIds(filter: SagaFilter, limit: number): Promise<readonly string[]>;
  /** Where the list begins now. */
  newestCursor(): Promise<string>;
  /** Of those in one of the statuses, the one that changed longest ago. */
  oldestUnmoved(statuses: readonly SagaStatus[]): Promise<SagaSummary | null>;
  saga(id: string): Promise<SagaRecord | null>;
  /** The id of the saga that was started with this key, which it may outlive; `null`: none was. */
  idOfKey(type: string, key: string): Promise<string | null>;
  /** The journal of one saga in order. */
  transitions(id: string, page: Page): Promise<Paged<JournalEntry>>;
  /** The newest notes of one saga (late, duplicate, not handled), oldest of them first. */
  notes(id: string, limit: number): Promise<readonly JournalEntry[]>;
  /** Those of the sagas that exist, in no order. At most 200 ids. */
  summaries(ids: readonly string[]): Promise<readonly SagaSummary[]>;
  /** Open dead letters, of one group or all, newest first. */
  deadLetters(page: Page, group?: LetterGroupKey): Promise<Paged<DeadLetter>>;
  /** Open dead letters by what they are for, the largest group first, at most 100. */
  deadLetterGroups(): Promise<readonly DeadLetterGroup[]>;
  audit(id: string): Promise<readonly AuditEntry[]>;
  /** How a saga waits to begin; `null` when it does not. */
  pendingStart(id: string): Promise<PendingStartRecord | null>;
  /** What waits to begin, by type; types with nothing waiting are left out. */
  startQueues(): Promise<readonly StartQueueSize[]>;
  statusCounts(type?: string): Promise<StatusCounts>;
  /** What is watched from outside, by type. */
  readonly gauges: GaugeReads;
  /** How many sagas there are of each type and version, in no order. */
  versionCounts(): Promise<readonly VersionCount[]>;
  /** What waits in the inbox, and what of it was refused and is kept. */
  inboxFigures(): Promise<InboxFigures>;
  /** The newest refused rows of the inbox, at most `limit`. */
  refusedRows(limit: number): Promise<readonly RefusedRow[]>;
  /**
   * Journal lines of all sagas with `seq > afterSeq`, in order, at most `limit`; with `untilSeq` none
   * after that one is looked at.
   */
  feedAfter(
    afterSeq: number,
    limit: number,
    filter: FeedFilter,
    untilSeq?: number,
  ): Promise<readonly FeedEntry[]>;
  /** The same with the inbound of every line. */
  journalAfter(
    afterSeq: number,
    limit: number,
    filter: FeedFilter,
  ): Promise<readonly JournalEntry[]>;
  /** Which entries are of which life of this database, the oldest first. */
  feedEpochs(): Promise<readonly FeedEpoch[]>;
  /** Position of the last line of the journal; 0 when it is empty. */
  lastSeq(): Promise<number>;
}

/** Which transitions a feed client wants; all given conditions must hold. */
export interface FeedFilter {
  readonly sagaId?: string;
  readonly type?: string;
  readonly status?: SagaStatus;
}
