/** Bulk commands as a program and the server hold them: shapes only. */
import type { CommandName } from '../../core/turn/inbound.ts';
import type {
  BulkCounts,
  BulkItem,
  BulkOutcome,
  BulkRecord,
} from '../../store/queries/bulk-records.ts';
import type { Page, Paged, SagaFilter } from '../../store/read-models.ts';

/** What is to be done, and for which sagas. */
export interface BulkRequest {
  readonly command: CommandName;
  readonly by: string;
  readonly reason: string | null;
  /** These, or those that a filter finds now. */
  readonly sagas: { readonly ids: readonly string[] } | { readonly filter: SagaFilter };
}

/** A bulk command and how far it is. */
export interface BulkProgress extends BulkRecord {
  readonly counts: BulkCounts;
}

/** One command for many sagas, over a list that is frozen first. From any process. */
export interface BulkCommands {
  /**
   * Freezes the list; resolves once it is durable. Throws `input-invalid` for more than 100,000
   * sagas, `overloaded`, `unavailable`.
   */
  freeze(request: BulkRequest): Promise<BulkProgress>;
  /** Starts what was frozen, once; resolves when that is durable. Throws `not-found`. */
  start(id: number): Promise<BulkProgress>;
  /**
   * Leaves alone the sagas whose turn has not come, which stay `pending`; those that it is ordered of
   * just then still take it. Resolves when that is durable. Throws `not-found`, and `not-legal` where
   * it was never started.
   */
  stop(id: number): Promise<BulkProgress>;
  /** Throws `not-found`. */
  find(id: number): Promise<BulkProgress>;
  /** Newest first; the last 200 are kept. */
  list(page: Page): Promise<Paged<BulkRecord>>;
  /** Saga by saga, in the order of the list; `outcome` null: any. Throws `not-found`. */
  items(id: number, outcome: BulkOutcome | null, page: Page): Promise<Paged<BulkItem>>;
}
