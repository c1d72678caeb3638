/**
 * `/sagas/{id}`: the page of one saga, now or after any of its turns. What its forms send is taken
 * in `saga-forms.ts`.
 */
import type { HttpContext } from '../../context.ts';
import type { Page, PageView } from '../../page.ts';
import { badQuery, countingNumberOf } from '../../query.ts';
import { definitionOf, sagaOf } from '../../saga-lookup.ts';
import { recordAt } from '../../api/saga-history.ts';
import { drawn } from '../chart/chart-drawing.ts';
import { type ChartLook, chartLookOf } from '../chart/chart-look.ts';
import type { Html } from '../frame/html.ts';
import type { InspectorParts } from '../inspector/inspector-page.ts';
import { sagaForms } from './saga-forms.ts';
import { hasRail, litIn, type SagaLook, sagaPageGroups } from './saga-page-groups.ts';
import { pictureOf } from './saga-picture.ts';
import { sagaPage, type SagaTab } from './saga-view.ts';

/** The page. */
export function createSagaPage(context: HttpContext, parts: InspectorParts): Page {
  return {
    path: '/sagas/:id',
    under: '/sagas',
    groups: (query) => sagaPageGroups(context, parts.histories, lookOf(query)),
    look: (query) => pageAt(context, parts, lookOf(query), chartLookOf(query, ['id'])),
    actions: sagaForms(context),
  };
}

async function pageAt(
  context: HttpContext,
  parts: InspectorParts,
  look: SagaLook,
  chartLook: ChartLook,
): Promise<PageView> {
  const { backstep } = context;
  const saga = await sagaOf(backstep, look.id);
  if (look.seq !== null && look.seq > saga.seq) {
    throw badQuery('seq', `the saga has turns 1 to ${saga.seq}`);
  }
  const name = `${saga.type} ${saga.key ?? saga.id}`;
  // A past turn may be of another version, with another drawing.
  const then =
    look.seq === null ? null : await pictureOf(context, parts.histories, look.id, look.seq);
  const definition =
    then?.kind === 'picture' ? then.definition : definitionOf(backstep, saga.type, saga.version);
  const isRail = hasRail(definition);
  const tab = isRail ? look.tab : 'chart';
  const chart = tab === 'rail' ? null : await chartOf(context, parts, look, chartLook);
  const asOfMs = then?.kind === 'picture' ? (recordAt(then.history, then.seq)?.atMs ?? null) : null;
  const page = { ...look, tab, name, lastSeq: saga.seq, asOfMs, hasRail: isRail, chart };
  return {
    title: name,
    isLive: look.seq === null, // a past turn stays as it was
    content: (place) => sagaPage(page, place),
  };
}

/** The drawing, lit as the saga stands; `null` when there is none. */
async function chartOf(
  context: HttpContext,
  { histories, layouts }: InspectorParts,
  { id, seq }: SagaLook,
  chartLook: ChartLook,
): Promise<Html | null> {
  const picture = await pictureOf(context, histories, id, seq);
  if (picture.kind !== 'picture' || picture.definition === undefined) return null;
  return drawn(context, layouts, picture.definition, chartLook, litIn(picture));
}

function lookOf(query: URLSearchParams): SagaLook {
  const tab: SagaTab = query.get('view') === 'chart' ? 'chart' : 'rail';
  return { id: query.get('id') ?? '', tab, seq: countingNumberOf(query, 'seq') };
}
