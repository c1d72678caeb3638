/**
 * What the address of the list of sagas says: filters, position, and what an open page shows.
 *
 * A form sends every field, empty ones too; the address that is kept has only those that say
 * something. Invariant: what `listAddress` writes, `listQueryOf` reads back the same.
 */
import type { SagaFilter } from '../../../store/read-models.ts';
import { badQuery, sagaFilterOf, textOf } from '../../query.ts';

/** The filters, in the order of the form. */
const FILTERS = ['status', 'type', 'step', 'attempts', 'olderThan', 'q'] as const;

/** Sagas of one page: their check boxes must fit into one form. */
export const SHOWN_SAGAS = 50;

export interface ListQuery {
  /** The filters that say something, as they stand in the address. */
  readonly filters: URLSearchParams;
  readonly cursor: string | null;
}

/** What a browser asked for. */
export function listQueryOf(query: URLSearchParams): ListQuery {
  const filters = new URLSearchParams();
  for (const name of FILTERS) {
    for (const value of query.getAll(name)) {
      if (value.trim() !== '') filters.append(name, value.trim());
    }
  }
  return { filters, cursor: textOf(query, 'cursor') };
}

/** The filters as the read models take them. Throws `query-invalid`. */
export function filterOf({ filters }: ListQuery, nowMs: number): SagaFilter {
  return sagaFilterOf(filters, nowMs);
}

/** The address of the list with these filters, from a position on. */
export function listAddress(filters: URLSearchParams, cursor: string | null = null): string {
  const query = new URLSearchParams(filters);
  if (cursor !== null) query.set('cursor', cursor);
  return query.size === 0 ? '/sagas' : `/sagas?${query.toString()}`;
}

/** What an open page shows: these rows in this order, until a person asks for others. */
export interface ShownList extends ListQuery {
  /** Sagas started after this are new to the page. */
  readonly since: string;
  readonly ids: readonly string[];
}

/** What the live parts of such a page are asked with. */
export function shownQuery({ filters, since, ids }: ShownList): URLSearchParams {
  const query = new URLSearchParams(filters);
  query.set('since', since);
  query.set('ids', ids.join(' '));
  return query;
}

/** What a socket asks to be told about. Throws `query-invalid`. */
export function shownListOf(query: URLSearchParams): ShownList {
  const ids = (query.get('ids') ?? '').split(' ').filter((id) => id !== '');
  if (ids.length > SHOWN_SAGAS) throw badQuery('ids', `at most ${SHOWN_SAGAS}`);
  const since = textOf(query, 'since');
  if (since === null) throw badQuery('since', 'must be a cursor of the list');
  return { ...listQueryOf(query), since, ids };
}
