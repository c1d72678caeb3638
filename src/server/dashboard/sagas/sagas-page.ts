/**
 * `/sagas`: the list of all sagas, narrowed by filters that stand in the address.
 *
 * An open page keeps its rows: they change where they stand and none is added until a person asks
 * for the new ones. Invariant: a bulk command is ordered here and decided on a page of its own,
 * over a list that is frozen by then.
 */
import type { SagaDefinition } from '../../../core/define/definition.ts';
import type { SagaSummary } from '../../../store/read-models.ts';
import type { HttpContext } from '../../context.ts';
import { region, type Region, type RegionGroup } from '../../live/page-region.ts';
import type { Page, PageView } from '../../page.ts';
import { typesOf } from '../../saga-lookup.ts';
import {
  filterOf,
  listQueryOf,
  type ListQuery,
  SHOWN_SAGAS,
  type ShownList,
  shownListOf,
  shownQuery,
} from './saga-list-query.ts';
import { cellId, newSagas, rowCells, sagasPage } from './sagas-view.ts';

const ROWS_MIN_AGE_MS = 150;
const NEW_MIN_AGE_MS = 500;

/** The page. What its groups are asked with names the rows that it shows. */
export function createSagasPage(context: HttpContext): Page {
  return {
    path: '/sagas',
    nav: 'Sagas',
    groups: (query) => groupsOf(context, shownListOf(query)),
    look: (query) => listAt(context, listQueryOf(query)),
  };
}

async function listAt(
  { backstep, nowMs, isReadOnly }: HttpContext,
  query: ListQuery,
): Promise<PageView> {
  const filter = filterOf(query, nowMs());
  // First where the list begins: what starts from here on is new to this page.
  const since = await backstep.read.newestCursor();
  const [page, total] = await Promise.all([
    backstep.read.listSagas(filter, { limit: SHOWN_SAGAS, cursor: query.cursor }),
    backstep.read.countSagas(filter),
  ]);
  const list = {
    query,
    sagas: page.items,
    nextCursor: page.nextCursor,
    total,
    types: typesOf(backstep).toSorted(),
    steps: stepsOf(backstep.definitions()),
    isReadOnly,
  };
  return {
    title: 'Sagas',
    query: shownQuery({ ...query, since, ids: page.items.map(({ id }) => id) }),
    content: (place) => sagasPage(list, place),
  };
}

function groupsOf(context: HttpContext, shown: ShownList): readonly RegionGroup[] {
  const { backstep, nowMs } = context;
  const { filters, since, ids } = shown;
  filterOf(shown, nowMs()); // refuses a bad address before anything is rendered
  return [
    {
      key: `sagas-rows ${ids.join(' ')}`,
      minAgeMs: ROWS_MIN_AGE_MS,
      render: async () => cellRegions(ids, await backstep.read.summaries(ids)),
    },
    {
      key: `sagas-new ${since} ${filters.toString()}`,
      minAgeMs: NEW_MIN_AGE_MS,
      render: async () => {
        const count = await backstep.read.countSagas(filterOf(shown, nowMs()), since);
        return [await region('new-sagas', newSagas(count, filters))];
      },
    },
  ];
}

// Cell by cell, so that a check box next to them keeps what a person ticked.
async function cellRegions(
  ids: readonly string[],
  sagas: readonly SagaSummary[],
): Promise<readonly Region[]> {
  const known = new Map(sagas.map((saga) => [saga.id, saga]));
  const cells = ids.flatMap((id, row) => {
    const saga = known.get(id);
    if (saga === undefined) return []; // retention took it: the last that was known stays
    return Object.entries(rowCells(saga)).map(([name, cell]) => region(cellId(row, name), cell));
  });
  return Promise.all(cells);
}

function stepsOf(definitions: readonly SagaDefinition[]): readonly string[] {
  return [...new Set(definitions.flatMap(({ steps }) => steps.map(({ name }) => name)))].sort();
}
