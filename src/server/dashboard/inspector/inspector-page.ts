/**
 * `/inspector`: any definition as a statechart, any saga in it, its events one by one. Offline: all
 * of it comes from the journal and the registered definitions.
 *
 * `/inspector/stately` hands the same journal to the vendor's inspector in a window of its own.
 */
import { html } from 'hono/html';
import type { SagaDefinition } from '../../../core/define/definition.ts';
import type { SagaRecord } from '../../../store/read-models.ts';
import type { ChartLayouts } from '../chart/chart-layout.ts';
import type { HttpContext } from '../../context.ts';
import { region, type Region, type RegionGroup } from '../../live/page-region.ts';
import type { Page, PageView } from '../../page.ts';
import { badQuery, countingNumberOf, textOf } from '../../query.ts';
import { recordAt, type SagaHistories } from '../../api/saga-history.ts';
import { litIn } from '../saga/saga-page-groups.ts';
import { pictureOf } from '../saga/saga-picture.ts';
import { definitionOf, requireDefinition, typesOf } from '../../saga-lookup.ts';
import { drawn } from '../chart/chart-drawing.ts';
import { type ChartLook, chartLookOf } from '../chart/chart-look.ts';
import { litList } from '../chart/chart-svg.ts';
import {
  eventView,
  inspectorPage,
  inspectorPath,
  sagaChoices,
  snapshotView,
  stepForm,
} from './inspector-view.ts';
import { sagaLog } from '../saga/saga-log.ts';
import { statelyPage } from './stately-page.ts';

const MIN_AGE_MS = 100;
const CHOICES_MIN_AGE_MS = 1_000;
/** Sagas offered to choose from, the newest. */
const CHOICES = 20;

/** What is looked at. */
interface Look {
  readonly type: string | null;
  readonly sagaId: string | null;
  /** A turn of the saga; `null`: as it is. */
  readonly seq: number | null;
}

/** What the page shows beside what the engine tells. */
export interface InspectorParts {
  readonly histories: SagaHistories;
  readonly layouts: ChartLayouts;
}

/** The page. */
export function createInspectorPage(context: HttpContext, parts: InspectorParts): Page {
  return {
    path: '/inspector',
    nav: 'Inspector',
    groups: (query) => groupsOf(context, parts.histories, lookOf(query)),
    look: (query) => pageAt(context, parts, lookOf(query), chartLookOf(query)),
  };
}

/** The way to the vendor's inspector. `maySend`: whether its events reach the sagas. */
export function createStatelyPage(maySend: boolean): Page {
  return {
    path: '/inspector/stately',
    under: '/inspector',
    groups: () => [],
    look: (query) => {
      const sagaId = textOf(query, 'saga');
      return {
        title: 'Stately inspector',
        isLive: false,
        content: () => statelyPage(sagaId, maySend),
      };
    },
  };
}

async function pageAt(
  context: HttpContext,
  parts: InspectorParts,
  asked: Look,
  chartLook: ChartLook,
): Promise<PageView> {
  const saga = asked.sagaId === null ? null : await sagaNamed(context, asked.sagaId);
  const unknown = saga === null ? asked.sagaId : null;
  if (saga !== null && asked.seq !== null && asked.seq > saga.seq) {
    throw badQuery('seq', `the saga has turns 1 to ${saga.seq}`);
  }
  const definition = definitionFor(context, saga?.type ?? asked.type, saga?.version);
  const type = definition?.id ?? null;
  const look = { ...asked, sagaId: saga?.id ?? null, type };
  const chart =
    definition === null ? null : await chartOf(context, parts, definition, look, chartLook);
  const types = typesOf(context.backstep);
  const facts = { types, type, saga, seq: look.seq, chart, unknown };
  return {
    title: 'Inspector',
    query: lookQuery(look),
    isLive: look.seq === null, // a past turn stays as it was
    status: unknown === null ? 200 : 404,
    content: (place) => inspectorPage(facts, place),
  };
}

/** By its id, or by the key that lists show it under: of whatever type has such a key. */
async function sagaNamed({ backstep }: HttpContext, name: string): Promise<SagaRecord | null> {
  const known = await backstep.read.saga(name);
  if (known !== null) return known;
  for (const type of new Set(backstep.definitions().map(({ id }) => id))) {
    const id = await backstep.read.idOfKey(type, name);
    const saga = id === null ? null : await backstep.read.saga(id);
    if (saga !== null) return saga;
  }
  return null;
}

function definitionFor(
  { backstep }: HttpContext,
  type: string | null,
  version: number | undefined,
): SagaDefinition | null {
  if (type === null) return backstep.definitions()[0] ?? null;
  // A saga may be of a version that is not registered; a type that is asked for must be.
  return version === undefined
    ? requireDefinition(backstep, type)
    : (definitionOf(backstep, type, version) ?? null);
}

async function chartOf(
  context: HttpContext,
  { histories, layouts }: InspectorParts,
  definition: SagaDefinition,
  { sagaId, seq }: Look,
  chartLook: ChartLook,
): ReturnType<typeof drawn> {
  const picture = sagaId === null ? null : await pictureOf(context, histories, sagaId, seq);
  const lit = picture?.kind === 'picture' ? litIn(picture) : [];
  return drawn(context, layouts, definition, chartLook, lit);
}

function groupsOf(
  context: HttpContext,
  histories: SagaHistories,
  look: Look,
): readonly RegionGroup[] {
  const { sagaId, type, seq } = look;
  const choices: RegionGroup = {
    key: `inspector-choices ${type ?? ''} ${sagaId ?? ''}`,
    minAgeMs: CHOICES_MIN_AGE_MS,
    render: async () => {
      const filter = type === null ? {} : { type };
      const { items } = await context.backstep.read.listSagas(filter, {
        limit: CHOICES,
        cursor: null,
      });
      return [await region('inspector-choices', sagaChoices(items, sagaId))];
    },
  };
  if (sagaId === null) return [choices];
  return [
    choices,
    {
      key: `inspector ${seq ?? ''} ${sagaId}`,
      minAgeMs: MIN_AGE_MS,
      sagaId,
      render: () => sagaRegions(context, histories, sagaId, seq),
    },
  ];
}

async function sagaRegions(
  context: HttpContext,
  histories: SagaHistories,
  sagaId: string,
  seq: number | null,
): Promise<readonly Region[]> {
  const picture = await pictureOf(context, histories, sagaId, seq);
  if (picture.kind !== 'picture') {
    return [await region('inspector-event', html`<p class="note tone-bad">${picture.why}</p>`)];
  }
  const { shown, history, lastSeq, definition } = picture;
  const record = recordAt(history, shown.seq);
  const log = { sagaId, definition, history, seq: shown.seq, lastSeq };
  const turnLink = (turn: number): string => inspectorPath(sagaId, turn);
  return Promise.all([
    region('inspector-step', stepForm(sagaId, seq, shown.seq, lastSeq)),
    region('chart-states', litList(litIn(picture))),
    region('inspector-event', eventView(definition, record, history.flaw)),
    region('inspector-snapshot', snapshotView(shown)),
    region('inspector-log', sagaLog({ ...log, turnLink })),
  ]);
}

function lookQuery({ sagaId, seq, type }: Look): URLSearchParams {
  const query = new URLSearchParams();
  if (sagaId !== null) query.set('saga', sagaId);
  if (type !== null) query.set('type', type);
  if (seq !== null) query.set('seq', String(seq));
  return query;
}

function lookOf(query: URLSearchParams): Look {
  return {
    type: textOf(query, 'type'),
    sagaId: textOf(query, 'saga'),
    seq: countingNumberOf(query, 'seq'),
  };
}
