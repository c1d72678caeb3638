/**
 * Commands for many sagas at a server, over a list that is frozen first.
 */
import type { CommandName } from '../core/turn/inbound.ts';
import type { Bulk, BulkItem, BulkProgress } from './answers.ts';
import { type List, listAt, type ListedSagas } from './lists.ts';
import type { Requests } from './requests.ts';

/** What is ordered of which sagas: of these ids (at most 5,000), or of those that match now. */
export type BulkOrder = {
  readonly command: Exclude<CommandName, 'edit-context'>;
  /** Who orders it, and why, for the audit of each saga. */
  readonly by?: string;
  readonly reason?: string;
} & ({ readonly ids: readonly string[] } | { readonly filter: ListedSagas });

/** Frozen, shown to a person, started, read saga by saga. */
export interface BulkCommands {
  /**
   * Freezes the list and commands nothing yet. Where no answer came it is frozen again; a list that
   * nobody starts does nothing. Throws `input-invalid` for more sagas than are taken at once.
   */
  freeze(order: BulkOrder): Promise<BulkProgress>;
  /** Starts what was frozen, once. Throws `not-found`. */
  start(bulk: number): Promise<BulkProgress>;
  /**
   * Leaves alone the sagas whose turn has not come: they stay `pending`. Throws `not-found`, and
   * `not-legal` where it was never started.
   */
  stop(bulk: number): Promise<BulkProgress>;
  /** How far it is. Throws `not-found`. */
  find(bulk: number): Promise<BulkProgress>;
  /** All of them, newest first; the last 200 are kept. */
  list(): List<Bulk>;
  /** What came of it, saga by saga. */
  sagas(
    bulk: number,
    filter?: { readonly outcome?: 'taken' | 'refused' | 'failed' },
  ): List<BulkItem>;
}

/** The bulk commands of a server. */
export function bulkCommands(requests: Requests): BulkCommands {
  const post = (path: string, body?: object): Promise<BulkProgress> =>
    requests.json({
      method: 'POST',
      path,
      isRepeatable: true,
      ...(body === undefined ? {} : { body }),
    });
  return {
    freeze: (order) => post('/api/bulk', { ...order, start: false }),
    start: (bulk) => post(`/api/bulk/${bulk}/start`),
    stop: (bulk) => post(`/api/bulk/${bulk}/stop`),
    find: (bulk) => requests.json({ method: 'GET', path: `/api/bulk/${bulk}` }),
    list: () => listAt(requests, '/api/bulk', {}),
    sagas: (bulk, filter = {}) => listAt(requests, `/api/bulk/${bulk}/sagas`, filter),
  };
}
