/**
 * The page of one saga: its sections, and the places of their live parts.
 */
import { isoText } from '../../../core/iso-time.ts';
import { html } from 'hono/html';
import type { SagaDefinition } from '../../../core/define/definition.ts';
import type { SagaState } from '../../../core/state.ts';
import type { CompensationOutcome } from '../../../core/status.ts';
import { compensationOutcomeOf } from '../../../core/machine/saga-status.ts';
import { isPastPivot } from '../../../core/turn/ledger.ts';
import { recordAt } from '../../api/saga-history.ts';
import type { SagaPicture } from './saga-picture.ts';
import { definitionPath } from '../definitions/definition-views.ts';
import { exactTime, type Html, relativeTime, table, tookTime } from '../frame/html.ts';
import { pageHead } from '../frame/layout.ts';
import { commandInWords } from './saga-actions.ts';
import { nextInWords } from '../../../explain/next-words.ts';
import { sentenceView } from './saga-words.ts';
import { badge } from '../frame/status-badge.ts';

/** What is in the middle of the page. */
export type SagaTab = 'rail' | 'chart';

export interface SagaPage {
  readonly id: string;
  readonly name: string;
  readonly tab: SagaTab;
  /** The turn asked for; `null`: the saga as it is now. */
  readonly seq: number | null;
  readonly lastSeq: number;
  /** When the past turn that is shown was; `null`: the saga is shown as it is now. */
  readonly asOfMs: number | null;
  /** False: the machine is not shaped like a saga, so there is only the chart. */
  readonly hasRail: boolean;
  /** The drawing of the chart; `null`: not looked at, or it could not be laid out. */
  readonly chart: Html | null;
}

type TravelBar = Pick<SagaPage, 'id' | 'tab' | 'seq' | 'lastSeq'>;

const TABS: readonly (readonly [SagaTab, string])[] = [
  ['rail', 'Rail'],
  ['chart', 'Statechart'],
];

/** The address of a saga's page. */
export function sagaPath(id: string, tab: SagaTab = 'rail', seq: number | null = null): string {
  const query = new URLSearchParams();
  if (tab !== 'rail') query.set('view', tab);
  if (seq !== null) query.set('seq', String(seq));
  return `/sagas/${encodeURIComponent(id)}${query.size === 0 ? '' : `?${query.toString()}`}`;
}

/** The content of the page; `region` gives the content of its live parts by element id. */
export function sagaPage(page: SagaPage, region: (id: string) => Html): Html {
  const sections = sagaSections(page, region);
  if (page.asOfMs === null) return html`${pageHead(page.name)} ${sections}`;
  // Here the page's script measures what was due against that turn, and does not count on.
  const asOf = isoText(page.asOfMs);
  return html`${pageHead(page.name)}
    <div data-as-of="${asOf}">${sections}</div>`;
}

function sagaSections(page: SagaPage, region: (id: string) => Html): Html {
  return html`<div id="saga-head" class="saga-head">${region('saga-head')}</div>
    <div id="action-result" role="status"></div>
    ${travelBar(page, region)}
    <nav class="tabs" aria-label="Ways to look at it">
      ${TABS.map(([tab, label]) =>
        tab === 'rail' && !page.hasRail
          ? ''
          : html`<a
              href="${sagaPath(page.id, tab, page.seq)}"
              ${tab === page.tab ? html`aria-current="page"` : ''}
              >${label}</a
            >`,
      )}
    </nav>
    ${
      page.tab === 'rail'
        ? section('saga-rail', 'Steps and compensations', region)
        : html`<section aria-labelledby="title-chart">
            <h2 id="title-chart">Statechart</h2>
            ${page.chart ?? html`<p class="quiet">The drawing could not be laid out.</p>`}
            <h3>States it is in or was in</h3>
            <div id="chart-states">${region('chart-states')}</div>
          </section>`
    }
    <div class="columns">
      ${section('saga-why', 'Why it is here', region)}
      ${section('saga-actions', 'What may be done', region)}
    </div>
    ${section('saga-timeline', 'Timeline', region)} ${section('saga-log', 'History', region)}
    <div class="columns">
      ${section('saga-context', 'Context', region)} ${section('saga-audit', 'Audit', region)}
    </div>`;
}

/** Status, what happens next, why it turned back, who settled it; `lead`: in place of what is next. */
export function sagaStanding(
  state: SagaState,
  definition: SagaDefinition | undefined,
  lead: Html = sentenceView(nextInWords(definition, state)),
): Html {
  const { status, steps, failureReason, resolution } = state;
  const outcome = compensationOutcomeOf(status, steps);
  const isForward = status === 'failed' || isPastPivot(steps);
  return html`<p class="headline">${badge(status)} ${lead}</p>
    ${
      failureReason === null
        ? ''
        : html`<p>
            <strong>Why it ${isForward ? 'failed' : 'turned back'}:</strong>
            <code>${failureReason.code}</code>
            ${failureReason.message}${outcome === null ? '' : html`. ${outcomeInWords(outcome)}`}
          </p>`
    }
    ${
      resolution === null
        ? ''
        : html`<p>
            <strong>Settled by ${resolution.by ?? 'a person'}</strong>
            ${relativeTime(resolution.atMs)}${
              resolution.reason === null ? '' : `: ${resolution.reason}`
            }
          </p>`
    }`;
}

/** How it stands, its definition and times, its relatives. */
export function sagaHead({
  saga,
  definition,
  shown,
  children,
  isPast,
  history,
}: SagaPicture): Html {
  const { parent } = shown;
  const at = recordAt(history, shown.seq)?.atMs;
  const version = definition?.version ?? saga.version;
  const turn = isPast ? html`<span>at turn ${shown.seq}</span>` : undefined;
  return html`${sagaStanding(shown, definition, turn)}
    <p class="quiet">
      <a href="${definitionPath(saga.type, version)}">${saga.type} v${version}</a>, started
      ${relativeTime(saga.startedAtMs)}${
        saga.endedAtMs === null
          ? ''
          : html`, ended after ${tookTime(saga.endedAtMs - saga.startedAtMs)}`
      }${
        isPast && at !== undefined
          ? html`, shown as of ${exactTime(at)}, ${tookTime(at - saga.startedAtMs)} after its start`
          : ''
      },
      turn ${shown.seq}, id <code>${saga.id}</code>
    </p>
    ${
      parent === null
        ? ''
        : html`<p>
            Child of <a href="${sagaPath(parent.sagaId)}">saga ${parent.sagaId}</a>, its step
            ${parent.step}.
          </p>`
    }
    ${
      children.length === 0
        ? ''
        : html`<p>
            Children:
            ${children.map(
              (child) =>
                html`<a href="${sagaPath(child.id)}">${child.type} ${child.key ?? child.id}</a>
                  ${badge(child.status)} `,
            )}
          </p>`
    }`;
}

/** The commands of persons and programs, the oldest first. */
export function auditTable({ audit, shown }: SagaPicture): Html {
  return table(
    'Audit: every command, the oldest first',
    ['When', 'Who', 'What', 'Why'],
    audit
      .filter(({ sagaSeq }) => sagaSeq <= shown.seq)
      .map(({ atMs, by, command, reason }) => [
        relativeTime(atMs),
        by,
        commandInWords(command),
        reason ?? '–',
      ]),
    'No command was given.',
  );
}

/** Previous, next and a slider over the turns: a plain form, so that it works without script. */
function travelBar({ id, tab, seq, lastSeq }: TravelBar, region: (id: string) => Html): Html {
  if (seq === null) {
    return html`<div id="saga-travel" class="travel">${region('saga-travel')}</div>`;
  }
  return html`<div class="travel is-past">${travelForm({ id, tab, seq, lastSeq })}</div>`;
}

/** The form itself. */
export function travelForm({ id, tab, seq, lastSeq }: TravelBar): Html {
  const at = seq ?? lastSeq;
  return html`<form method="get" action="${sagaPath(id)}" class="travel-form">
    ${tab === 'rail' ? '' : html`<input type="hidden" name="view" value="${tab}" />`}
    ${turnLink('← Previous', at > 1 ? sagaPath(id, tab, at - 1) : null)}
    <label class="slider"
      ><span>Turn <output>${at}</output> of ${lastSeq}</span>
      <input type="range" name="seq" min="1" max="${lastSeq}" value="${at}" data-submits
    /></label>
    <button type="submit">Show</button>
    ${turnLink('Next →', at < lastSeq ? sagaPath(id, tab, at + 1) : null)}
    ${seq === null ? '' : html`<a class="button" href="${sagaPath(id, tab)}">Back to now</a>`}
  </form>`;
}

function turnLink(label: string, path: string | null): Html {
  return path === null
    ? html`<span class="button is-off">${label}</span>`
    : html`<a class="button" href="${path}">${label}</a>`;
}

function section(id: string, title: string, region: (id: string) => Html): Html {
  return html`<section aria-labelledby="title-${id}">
    <h2 id="title-${id}">${title}</h2>
    <div id="${id}">${region(id)}</div>
  </section>`;
}

function outcomeInWords(outcome: CompensationOutcome): string {
  switch (outcome) {
    case 'complete':
      return 'Everything done before is compensated.';
    case 'partial':
      return 'Not everything is compensated: a person gave something up.';
    case 'failed':
      return 'A compensation failed.';
  }
}
