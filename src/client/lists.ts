/**
 * Lists of the server as async iterators, read a page at a time.
 */
import type { SagaStatus } from '../core/status.ts';
import type { ListPage } from './answers.ts';
import type { Requests } from './requests.ts';

/** A list. Iterating it reads on for as long as it is iterated. */
export interface List<Item> extends AsyncIterable<Item> {
  /** One page: at most `limit` items (1 to 200, default 50), after the cursor of the one before. */
  page(options?: {
    readonly limit?: number;
    readonly cursor?: string | null;
  }): Promise<ListPage<Item>>;
}

/** Which sagas; all given conditions must hold. */
export interface ListedSagas {
  readonly type?: string;
  /** Any of these. */
  readonly status?: readonly SagaStatus[];
  readonly step?: string;
  /** At least so many. */
  readonly attempts?: number;
  /** Not updated for this long: `90s`, `10m`, `2h`. */
  readonly olderThan?: string;
  /** Prefix of the id, the key or the error. */
  readonly q?: string;
}

/** Most items of a page. */
const PAGE_LIMIT = 200;

/** The list at a path. */
export function listAt<Item>(
  requests: Requests,
  path: string,
  filter: object,
  signal?: AbortSignal,
): List<Item> {
  const page = (limit: number | undefined, cursor: string | null): Promise<ListPage<Item>> => {
    const query = filterQuery({ ...filter, limit, cursor });
    return requests.json({ method: 'GET', path, query, signal });
  };
  return {
    page: ({ limit, cursor = null } = {}) => page(limit, cursor),
    async *[Symbol.asyncIterator]() {
      for (let cursor: string | null = null; ;) {
        const { items, nextCursor }: ListPage<Item> = await page(PAGE_LIMIT, cursor);
        yield* items;
        if (nextCursor === null) return;
        cursor = nextCursor;
      }
    },
  };
}

/** What is given of these, as a query. */
export function filterQuery(given: object): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(given) as [string, unknown][]) {
    if (value === undefined || value === null) continue;
    for (const each of Array.isArray(value) ? value : [value]) query.append(name, String(each));
  }
  return query;
}
