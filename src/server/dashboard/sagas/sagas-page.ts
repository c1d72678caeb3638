/**
 * `/sagas`: the list of all sagas, narrowed by filters that stand in the address.
 *
 * An open page keeps its rows: they change where they stand and none is added until a person asks
 * for the new ones. Invariant: a bulk command is ordered here and decided on a page of its own,
 * over a list that is frozen by then.
 */
import { Hono } from 'hono';
import type { SagaDefinition } from '../../../core/define/definition.ts';
import type { SagaSummary } from '../../../store/read-models.ts';
import { queryOf, type HttpContext, type HttpEnv } from '../../context.ts';
import { renderPage, type PageKit } from '../frame/page-frame.ts';
import { region, type Region, type RegionGroup } from '../../live/page-region.ts';
import {
  filterOf,
  listQueryOf,
  SHOWN_SAGAS,
  type ShownList,
  shownListOf,
  shownQuery,
} from './saga-list-query.ts';
import { cellId, newSagas, rowCells, sagasPage } from './sagas-view.ts';

const ROWS_MIN_AGE_MS = 150;
const NEW_MIN_AGE_MS = 500;

/** The route, to be mounted at `/`. */
export function sagasRoutes(kit: PageKit): Hono<HttpEnv> {
  const { backstep, nowMs } = kit.context;
  return new Hono<HttpEnv>().get('/sagas', async (c) => {
    const query = listQueryOf(queryOf(c));
    const filter = filterOf(query, nowMs());
    // First where the list begins: what starts from here on is new to this page.
    const since = await backstep.read.newestCursor();
    const [page, total] = await Promise.all([
      backstep.read.listSagas(filter, { limit: SHOWN_SAGAS, cursor: query.cursor }),
      backstep.read.countSagas(filter),
    ]);
    const shown: ShownList = { ...query, since, ids: page.items.map(({ id }) => id) };
    const groups = sagasGroups(kit.context, shown);
    const spec = { title: 'Sagas', at: '/sagas', live: shownQuery(shown), groups } as const;
    const content = {
      query,
      sagas: page.items,
      nextCursor: page.nextCursor,
      total,
      types: typesOf(backstep.definitions()),
      steps: stepsOf(backstep.definitions()),
      isReadOnly: kit.context.isReadOnly,
    };
    return c.html(await renderPage(kit, spec, (place) => sagasPage(content, place)));
  });
}

/** The live parts of the page that its socket asks for. Throws `query-invalid`. */
export function sagasView(context: HttpContext, query: URLSearchParams): readonly RegionGroup[] {
  return sagasGroups(context, shownListOf(query));
}

function sagasGroups(context: HttpContext, shown: ShownList): readonly RegionGroup[] {
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

function typesOf(definitions: readonly SagaDefinition[]): readonly string[] {
  return [...new Set(definitions.map(({ id }) => id))].sort();
}

function stepsOf(definitions: readonly SagaDefinition[]): readonly string[] {
  return [...new Set(definitions.flatMap(({ steps }) => steps.map(({ name }) => name)))].sort();
}
