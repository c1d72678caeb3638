/**
 * `/inspector`: any definition as a statechart, any saga in it, its events one by one. Offline: all
 * of it comes from the journal and the registered definitions.
 *
 * `/inspector/stately` hands the same journal to the vendor's inspector in a window of its own.
 */
import { Hono } from 'hono';
import { html } from 'hono/html';
import type { SagaDefinition } from '../../../core/define/definition.ts';
import { BackstepError } from '../../../core/errors.ts';
import type { SagaRecord } from '../../../store/read-models.ts';
import type { ChartLayouts } from '../chart/chart-layout.ts';
import { definitionOf, queryOf, type HttpContext, type HttpEnv } from '../../context.ts';
import { renderPage, type PageKit } from '../frame/page-frame.ts';
import { region, type PageView, type Region, type RegionGroup } from '../../live/page-region.ts';
import { badQuery, textOf } from '../../query.ts';
import type { SagaHistories } from '../../api/saga-history.ts';
import { litIn } from '../saga/saga-page-groups.ts';
import { pictureOf } from '../saga/saga-picture.ts';
import { chartSvg, litList } from '../chart/chart-svg.ts';
import type { Html } from '../frame/html.ts';
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

/** The page's live parts, by the query of its address. */
export function inspectorView(context: HttpContext, histories: SagaHistories): PageView {
  return (query) => groupsOf(context, histories, { ...lookOf(query), seq: null });
}

/** The routes, to be mounted at `/`. `maySend`: whether an inspector's events reach the sagas. */
export function inspectorRoutes(
  kit: PageKit,
  histories: SagaHistories,
  layouts: ChartLayouts,
  maySend: boolean,
): Hono<HttpEnv> {
  const { context } = kit;
  const { backstep } = context;
  return new Hono<HttpEnv>()
    .get('/inspector', async (c) => {
      const asked = lookOf(queryOf(c));
      const saga = asked.sagaId === null ? null : await sagaNamed(context, asked.sagaId);
      const look = { ...asked, sagaId: saga?.id ?? null };
      const unknown = saga === null ? asked.sagaId : null;
      if (saga !== null && look.seq !== null && look.seq > saga.seq) {
        throw badQuery('seq', `the saga has turns 1 to ${saga.seq}`);
      }
      const definition = definitionFor(context, saga?.type ?? look.type, saga?.version);
      const type = definition?.id ?? null;
      const chart =
        definition === null
          ? null
          : await drawn(context, histories, layouts, definition, { ...look, type });
      const groups = groupsOf(context, histories, { ...look, type });
      const facts = {
        types: [...new Set(backstep.definitions().map(({ id }) => id))],
        type,
        saga,
        seq: look.seq,
        chart,
        unknown,
      };
      const spec = { title: 'Inspector', at: '/inspector', live: liveQuery(look, type), groups };
      const page = await renderPage(kit, { ...spec, at: '/inspector' }, (place) =>
        inspectorPage(facts, place),
      );
      return c.html(page, unknown === null ? 200 : 404);
    })
    .get('/inspector/stately', async (c) => {
      const sagaId = textOf(queryOf(c), 'saga');
      const spec = {
        title: 'Stately inspector',
        at: '/inspector',
        live: null,
        groups: [],
      } as const;
      return c.html(await renderPage(kit, spec, () => statelyPage(sagaId, maySend)));
    });
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
  if (type !== null) {
    const named = definitionOf(backstep, type, version);
    if (named === undefined && version === undefined) {
      throw new BackstepError('not-found', `there is no saga type ${type.slice(0, 100)}`);
    }
    return named ?? null;
  }
  return backstep.definitions()[0] ?? null;
}

async function drawn(
  context: HttpContext,
  histories: SagaHistories,
  layouts: ChartLayouts,
  definition: SagaDefinition,
  { sagaId, seq }: Look,
): Promise<Html | null> {
  const picture = sagaId === null ? null : await pictureOf(context, histories, sagaId, seq);
  const lit = picture?.kind === 'picture' ? litIn(picture) : [];
  try {
    return chartSvg(await layouts.of(definition), lit, `Statechart of ${definition.id}`);
  } catch (error) {
    context.logger.error({ err: error, type: definition.id }, 'a chart could not be laid out');
    return null;
  }
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
  const { shown, history, definition } = picture;
  const lastSeq = Math.max(history.records.at(-1)?.sagaSeq ?? 0, shown.seq);
  const turnLink = (turn: number): string => inspectorPath(sagaId, turn);
  return Promise.all([
    region('inspector-step', stepForm(sagaId, seq, shown.seq, lastSeq)),
    region('chart-states', litList(litIn(picture))),
    region('inspector-event', eventView(definition, history.records[shown.seq - 1])),
    region('inspector-snapshot', snapshotView(shown)),
    region('inspector-log', sagaLog({ sagaId, definition, history, seq: shown.seq, turnLink })),
  ]);
}

function liveQuery({ sagaId, seq }: Look, type: string | null): string | null {
  if (seq !== null) return null; // a past turn stays as it was
  const query = new URLSearchParams({ view: 'inspector' });
  if (sagaId !== null) query.set('saga', sagaId);
  if (type !== null) query.set('type', type);
  return query.toString();
}

function lookOf(query: URLSearchParams): Look {
  const seq = textOf(query, 'seq');
  if (seq !== null && !/^[1-9]\d{0,8}$/.test(seq)) {
    throw badQuery('seq', 'must be a whole number from 1');
  }
  return {
    type: textOf(query, 'type'),
    sagaId: textOf(query, 'saga'),
    seq: seq === null ? null : Number(seq),
  };
}
