/**
 * One command for many sagas: the question, then the outcome saga by saga.
 */
import { html } from 'hono/html';
import type { BulkProgress } from '../../../host/upkeep/bulk-commands.ts';
import type { BulkItem, BulkOutcome } from '../../../store/queries/bulk-records.ts';
import type { Paged, SagaSummary } from '../../../store/read-models.ts';
import { type Html, readOnlyNote, relativeTime, sagaLink, table } from '../frame/html.ts';
import { emptyState, pageHead } from '../frame/layout.ts';
import { badge } from '../frame/status-badge.ts';

export interface BulkContent {
  readonly progress: BulkProgress;
  /** The part of the list that is shown. */
  readonly page: Paged<BulkItem>;
  /** Only items with this outcome; `null`: all. */
  readonly outcome: BulkOutcome | null;
  /** As they are now. */
  readonly sagas: readonly SagaSummary[];
  /** Before it starts: why a saga would refuse the command now, by its id. */
  readonly objections: ReadonlyMap<string, string>;
  readonly isReadOnly: boolean;
}

/** What is done to how many. */
export function titleOf({ command, total }: BulkProgress): string {
  const verb = command.charAt(0).toUpperCase() + command.slice(1).replaceAll('-', ' ');
  return `${verb} ${total.toLocaleString('en')} ${total === 1 ? 'saga' : 'sagas'}`;
}

/** What is done to how many, around the question or the outcome. */
export function bulkPage(progress: BulkProgress, region: (id: string) => Html): Html {
  return html`${pageHead(
      titleOf(progress),
      html`The list was frozen ${relativeTime(progress.createdAtMs)}: sagas that match only later
      are left alone. ${progress.reason === null ? '' : html`Reason: ${progress.reason}.`}`,
    )}
    <section id="bulk" aria-label="The command">${region('bulk')}</section>`;
}

/** The question or the outcome. */
export function bulkContent(content: BulkContent): Html {
  const { progress, page, outcome, isReadOnly } = content;
  if (progress.total === 0) {
    return emptyState('Nothing matched.', html`<a href="/sagas">Back to the sagas</a>`);
  }
  return html`${progress.startedAtMs === null ? question(progress, isReadOnly) : outcomes(progress, isReadOnly)}
  ${itemTable(content)}
  ${
    page.nextCursor === null
      ? ''
      : html`<nav class="pager" aria-label="More of the list">
          <a class="button" href="${address(progress.id, outcome, page.nextCursor)}">Further</a>
        </nav>`
  }`;
}

function question(progress: BulkProgress, isReadOnly: boolean): Html {
  if (isReadOnly) return readOnlyNote('it cannot be started here');
  const isDangerous = progress.command === 'terminate';
  return html`<p>
      Each saga takes it only where it is legal by then; the others refuse it and stay as they are.
    </p>
    <form class="inline-form" method="post" action="/bulk/${progress.id}/start">
      <button class="${isDangerous ? 'danger' : 'primary'}" type="submit">
        ${titleOf(progress)}
      </button>
      <a class="button" href="/sagas">Do nothing</a>
    </form>`;
}

function outcomes(progress: BulkProgress, isReadOnly: boolean): Html {
  const { id, counts, total, endedAtMs } = progress;
  return html`${endedAtMs === null ? underWay(progress, isReadOnly) : over(endedAtMs, counts.pending)}
    <ul class="counts">
      ${count(counts.taken, 'taken', 'tone-good', '✓', address(id, 'taken'))}
      ${count(counts.refused, 'refused', 'tone-warn', '!', address(id, 'refused'))}
      ${count(counts.failed, 'failed', 'tone-bad', '✗', address(id, 'failed'))}
      <li><a href="${address(id, null)}">all ${total.toLocaleString('en')}</a></li>
    </ul>`;
}

function underWay({ id, counts, total }: BulkProgress, isReadOnly: boolean): Html {
  const done = total - counts.pending;
  const share = html`<progress
      max="${total}"
      value="${done}"
      aria-label="Sagas commanded"
    ></progress>
    ${done.toLocaleString('en')} of ${total.toLocaleString('en')}`;
  if (isReadOnly) return html`<p>${share}</p>`;
  return html`<form class="inline-form" method="post" action="/bulk/${id}/stop">
    ${share} <button type="submit">Stop here</button>
  </form>`;
}

function over(endedAtMs: number, left: number): Html {
  if (left === 0) return html`<p>Done ${relativeTime(endedAtMs)}.</p>`;
  return html`<p>
    Stopped ${relativeTime(endedAtMs)}: ${left.toLocaleString('en')} were left alone.
  </p>`;
}

function count(number: number, word: string, tone: string, icon: string, href: string): Html {
  return html`<li>
    <a href="${href}"><b>${number.toLocaleString('en')}</b></a>
    <span class="badge ${tone}"><span class="icon" aria-hidden="true">${icon}</span> ${word}</span>
  </li>`;
}

function itemTable({ progress, page, outcome, sagas, objections }: BulkContent): Html {
  const known = new Map(sagas.map((saga) => [saga.id, saga]));
  const isFrozen = progress.startedAtMs === null;
  const waits = progress.endedAtMs === null ? 'its turn comes' : 'left alone';
  return table(
    outcome === null ? 'The list, in its order' : `Those that it was ${outcome} by`,
    isFrozen
      ? ['Saga', 'Status now', 'Would it take it now?']
      : ['Saga', 'Outcome', 'Why', 'Status now'],
    page.items.map((item) => {
      const saga = known.get(item.sagaId);
      const link = sagaLink(item.sagaId, saga?.key ?? item.sagaId);
      const now = saga === undefined ? 'gone' : badge(saga.status);
      return isFrozen
        ? [link, now, objections.get(item.sagaId) ?? 'Yes.']
        : [link, item.outcome ?? waits, item.detail ?? '', now];
    }),
    'None.',
  );
}

function address(id: number, outcome: BulkOutcome | null, cursor: string | null = null): string {
  const query = new URLSearchParams();
  if (outcome !== null) query.set('outcome', outcome);
  if (cursor !== null) query.set('cursor', cursor);
  return query.size === 0 ? `/bulk/${id}` : `/bulk/${id}?${query.toString()}`;
}
