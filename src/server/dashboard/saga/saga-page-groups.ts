/**
 * The live parts of the page of one saga, rendered from one picture of it.
 */
import { html } from 'hono/html';
import { type LitState, litStates } from '../../../explain/chart-lights.ts';
import type { SagaDefinition } from '../../../core/define/definition.ts';
import { railOf } from '../../../explain/rail.ts';
import { timelineOf } from '../../../explain/timeline.ts';
import type { HttpContext } from '../../context.ts';
import { region, type Region, type RegionGroup } from '../../live/page-region.ts';
import { recordAt, type SagaHistories } from '../../api/saga-history.ts';
import { type NoPicture, pictureOf, type SagaPicture } from './saga-picture.ts';
import type { Html } from '../frame/html.ts';
import { litList } from '../chart/chart-svg.ts';
import { railView } from './rail-view.ts';
import { sagaActions } from './saga-actions.ts';
import { contextView, sagaLog } from './saga-log.ts';
import { auditTable, sagaHead, sagaPath, type SagaTab, travelForm } from './saga-view.ts';
import { timelineView } from './saga-timeline.ts';
import { sagaWhy } from './saga-why.ts';

/** Which saga, and how it is looked at. */
export interface SagaLook {
  readonly id: string;
  readonly tab: SagaTab;
  /** A turn of its journal; `null`: as it is. */
  readonly seq: number | null;
}

const MIN_AGE_MS = 100;

/** The groups of the page. */
export function sagaPageGroups(
  context: HttpContext,
  histories: SagaHistories,
  look: SagaLook,
): readonly RegionGroup[] {
  const { id, tab, seq } = look;
  return [
    {
      key: `saga-page ${tab} ${seq ?? ''} ${id}`,
      minAgeMs: MIN_AGE_MS,
      sagaId: id,
      render: async () => regionsOf(await pictureOf(context, histories, id, seq), look, context),
    },
  ];
}

/** The regions of a picture. */
async function regionsOf(
  picture: SagaPicture | NoPicture,
  look: SagaLook,
  { nowMs, isReadOnly }: Pick<HttpContext, 'nowMs' | 'isReadOnly'>,
): Promise<readonly Region[]> {
  if (picture.kind !== 'picture') {
    return [await region('saga-head', html`<p class="note tone-bad">${picture.why}</p>`)];
  }
  const { definition, shown, before, history, lastSeq, isPast, saga } = picture;
  const { id, tab, seq } = look;
  const turnLink = (turn: number): string => `${sagaPath(id, tab, turn)}#saga-log`;
  const log = { sagaId: id, definition, history, seq: shown.seq, lastSeq, turnLink };
  return Promise.all([
    region('saga-head', sagaHead(picture)),
    region('saga-travel', travelForm({ id, tab, seq, lastSeq })),
    shapeRegion(picture, tab),
    region(
      'saga-why',
      definition === undefined
        ? html`<p class="quiet">Its version is not registered here.</p>`
        : sagaWhy(definition, shown, recordAt(history, shown.seq)),
    ),
    region(
      'saga-actions',
      isPast
        ? html`<p class="quiet">You look at a past turn: go back to now to give a command.</p>`
        : sagaActions({
            id,
            name: `${saga.type} ${saga.key ?? id}`,
            state: shown,
            editable: definition?.editable ?? null,
            events: definition?.events ?? new Map(),
            isReadOnly,
          }),
    ),
    region('saga-timeline', timeline(picture, nowMs())),
    region('saga-log', html`${flawNote(picture)} ${sagaLog(log)}`),
    region('saga-context', contextView(shown, before)),
    region('saga-audit', auditTable(picture)),
  ]);
}

/** True when the machine is shaped like a saga, so that it can be looked at as a rail. */
export function hasRail(definition: SagaDefinition | undefined): boolean {
  return definition !== undefined && railOf(definition, null) !== null;
}

/** The states that are lit in a picture. */
export function litIn({ definition, history, shown }: SagaPicture): readonly LitState[] {
  if (definition === undefined) return [];
  // Of many regions side by side a line names those that changed: where they were and where they are.
  const visited = history.records
    .filter(({ sagaSeq }) => sagaSeq <= shown.seq)
    .flatMap(({ from, to }) => [from ?? '', to]);
  return litStates(definition, shown, visited);
}

function shapeRegion(picture: SagaPicture, tab: SagaTab): Promise<Region> {
  const { definition, shown } = picture;
  const rail = definition === undefined ? null : railOf(definition, shown);
  if (rail !== null && tab === 'rail') return region('saga-rail', railView(rail));
  return region('chart-states', litList(litIn(picture)));
}

function timeline({ history, shown, isPast }: SagaPicture, nowMs: number): Html {
  const turns = history.turns.filter(({ record }) => record.sagaSeq <= shown.seq);
  const endMs = isPast ? (turns.at(-1)?.record.atMs ?? nowMs) : nowMs;
  return timelineView(timelineOf(turns), endMs);
}

function flawNote({ history: { flaw, gap, turns } }: SagaPicture): Html {
  const first = turns[0]?.record.sagaSeq ?? 1;
  return html`${
    gap === null
      ? ''
      : html`<p class="note tone-warn">
          The states from turn ${gap.sagaSeq} to ${first - 1} cannot be replayed: ${gap.why}.
        </p>`
  }
  ${
    flaw === null
      ? ''
      : html`<p class="note tone-warn">
          From turn ${flaw.sagaSeq} on the states cannot be replayed: ${flaw.why}.
        </p>`
  }`;
}
