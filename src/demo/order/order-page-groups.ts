/**
 * The live regions of the order page: what is read for them, how it is rendered, how often.
 *
 * Invariant: what a person typed or a service answered reaches the page escaped.
 */
import { html, raw } from 'hono/html';
import { BackstepError } from '../../core/errors.ts';
import { totalOf } from '../../core/status.ts';
import { type DemoContext, isProviderStopped } from '../demo-context.ts';
import { ORDER_SAGA, type OrderDemo } from './order-demo.ts';
import { region, type Region, type RegionGroup } from '../../server/live/page-region.ts';
import { definitionOf, noSagaInWords, readableState } from '../../server/saga-lookup.ts';
import type { Panel } from '../../server/dashboard/services/panel.ts';
import { invariantGroup } from '../../server/dashboard/services/invariant-group.ts';
import { orderInvariants } from './order-invariants.ts';
import { orderPanels } from './order-panels.ts';
import { deadLetterTable } from './order-letters.ts';
import { activeFaults } from '../lab/fault-panel.ts';
import { type Html, restOf } from '../../server/dashboard/frame/html.ts';
import { noSagaChosen, sagaDetail, sagaUnavailable } from './order-detail.ts';
import { sagaCells, statusCounts } from '../../server/dashboard/sagas/sagas-view.ts';
import type { SagaSummary } from '../../store/read-models.ts';
import { panelContent } from '../../server/dashboard/services/services-view.ts';

/** The whole list of sagas that the page shows the newest of. */
const ORDER_SAGAS = `/sagas?type=${ORDER_SAGA}`;
/** Statuses that are always shown, even at zero. */
const ALWAYS_SHOWN = ['running', 'compensating', 'completed', 'compensated', 'compensation_failed'];
/** Lines shown of each list. */
const SHOWN_SAGAS = 20;
const SHOWN_ROWS = 10;
const LIST_MIN_AGE_MS = 100;
const SERVICES_MIN_AGE_MS = 500;

/** What each service has, as on the page of services; reservations are only there. */
export function shownPanels(demo: OrderDemo): readonly Panel[] {
  return orderPanels(demo).filter(({ id }) => id !== 'reservations');
}

/** The groups of the order page that follows a saga, or none. */
export function orderPageGroups(
  context: DemoContext,
  sagaId: string | null,
): readonly RegionGroup[] {
  return [
    { key: 'order-list', minAgeMs: LIST_MIN_AGE_MS, render: () => listRegions(context) },
    {
      key: 'order-services',
      minAgeMs: SERVICES_MIN_AGE_MS,
      render: () => serviceRegions(context),
    },
    invariantGroup('order-invariants', () => orderInvariants(context)),
    {
      key: `order-saga ${sagaId ?? ''}`,
      minAgeMs: LIST_MIN_AGE_MS,
      ...(sagaId === null ? {} : { sagaId }),
      render: async () => [
        await region(
          'saga-detail',
          sagaId === null ? noSagaChosen() : await renderSaga(context, sagaId),
        ),
      ],
    },
  ];
}

async function listRegions({ backstep }: DemoContext): Promise<readonly Region[]> {
  const [sagas, counts] = await Promise.all([
    backstep.read.listSagas({ type: ORDER_SAGA }, { limit: SHOWN_SAGAS, cursor: null }),
    backstep.read.statusCounts(ORDER_SAGA),
  ]);
  const rows = await Promise.all(
    sagas.items.map(async (saga) => ({ id: rowId(saga), html: String(await followedRow(saga)) })),
  );
  const empty = html`<tr>
    <td class="empty" colspan="7">No sagas yet: place an order.</td>
  </tr>`;
  const shown = Object.entries(counts).filter(
    ([status, count]) => count > 0 || ALWAYS_SHOWN.includes(status),
  );
  // The rows are output of `html`: already escaped.
  const content = rows.length === 0 ? empty : html`${raw(rows.map((row) => row.html).join(''))}`;
  return [
    { ...(await region('saga-rows', content)), rows },
    await region(
      'counts',
      statusCounts(shown, (status) => `${ORDER_SAGAS}&status=${status}`),
    ),
    await region('more-sagas', restOf(rows.length, totalOf(counts), ORDER_SAGAS)),
  ];
}

/** A row that leads to its saga on this page. */
function followedRow(saga: SagaSummary): Html {
  const link = html`<a href="/saga?id=${encodeURIComponent(saga.id)}">${saga.key ?? saga.id}</a>`;
  return html`<tr id="${rowId(saga)}">
    ${sagaCells(saga, link)}
  </tr>`;
}

function rowId({ id }: SagaSummary): string {
  return `row-${id}`;
}

async function serviceRegions(context: DemoContext): Promise<readonly Region[]> {
  const { backstep, demo, faults, isReadOnly } = context;
  const isStopped = await isProviderStopped(context);
  const page = { limit: SHOWN_ROWS, cursor: null };
  const [letters, letterKinds] = await Promise.all([
    backstep.read.deadLetters(page),
    backstep.read.deadLetterGroups(),
  ]);
  const letterCount = letterKinds.reduce((sum, { count }) => sum + count, 0);
  const shownLetters = await Promise.all(
    letters.items.map(async (letter) => ({
      letter,
      seq: (await backstep.read.saga(letter.sagaId))?.seq ?? 0,
    })),
  );
  return Promise.all([
    ...shownPanels(demo).map(async (panel) =>
      region(panel.id, panelContent(panel, await panel.read(page), false)),
    ),
    region(
      'dead-letters',
      html`${deadLetterTable(shownLetters, isReadOnly)}
      ${restOf(shownLetters.length, letterCount, '/dead-letters')}`,
    ),
    region('faults-active', faults === null ? html`` : activeFaults(faults.list(), isStopped)),
  ]);
}

async function renderSaga(context: DemoContext, sagaId: string): Promise<Html> {
  const { backstep, isReadOnly } = context;
  const saga = await backstep.read.saga(sagaId);
  if (saga === null) return sagaUnavailable('No such saga', noSagaInWords(sagaId));
  const state = await readableState(backstep, sagaId);
  if (state instanceof BackstepError) {
    return sagaUnavailable('This saga cannot be read', state.message);
  }
  const definition = definitionOf(backstep, saga.type, saga.version);
  return sagaDetail({ saga, state, definition, isReadOnly });
}
