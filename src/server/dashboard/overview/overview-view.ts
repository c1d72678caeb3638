/**
 * The overview: counts, pulse, what is stuck, what failed, whether the books add up.
 */
import { html } from 'hono/html';
import type { DeadLetterGroup, SagaSummary, StatusCounts } from '../../../store/read-models.ts';
import type { Beat } from './pulse.ts';
import { type Html, relativeTime, sagaLink, table } from '../frame/html.ts';
import { pageHead } from '../frame/layout.ts';
import type { Place } from '../../page.ts';
import { sparkline } from '../frame/sparkline.ts';
import { badge, toneClass } from '../frame/status-badge.ts';
import { statusCounts } from '../sagas/sagas-view.ts';

const SPAN = 'last 5 minutes';

export interface Overview {
  /** What extensions put into the head. */
  readonly heads: readonly Html[];
  readonly hasInvariants: boolean;
}

/** The sections of the page around their live parts. */
export function overviewPage({ heads, hasInvariants }: Overview, region: Place): Html {
  return html`${pageHead(
      'Overview',
      'What is under way, what was compensated, and what needs you.',
      html`${heads}`,
    )}
    <div id="action-result" role="status"></div>
    <div id="counts">${region('counts')}</div>
    <div class="columns">
      <section aria-labelledby="pulse-title">
        <h2 id="pulse-title">Pulse</h2>
        <div id="pulse">${region('pulse')}</div>
      </section>
      <section aria-labelledby="stuck-title">
        <h2 id="stuck-title">Stuck</h2>
        <div id="stuck">${region('stuck')}</div>
      </section>
    </div>
    ${
      hasInvariants
        ? html`<section aria-labelledby="sums-title">
            <h2 id="sums-title">Consistency</h2>
            <div id="invariants">${region('invariants')}</div>
            <p class="quiet"><a href="/services">See what each service has</a></p>
          </section>`
        : ''
    }
    <section aria-labelledby="failures-title">
      <h2 id="failures-title">Recent failures</h2>
      <div id="failures">${region('failures')}</div>
    </section>`;
}

/** How many stand where: the four that matter in large, the others beside. */
export function statusTiles(counts: StatusCounts, openLetters: number): Html {
  const { running, waiting, compensating, ...others } = counts;
  const shown = Object.entries(others).filter(([, count]) => count > 0);
  return html`<ul class="tiles">
      ${tile('running', running, '/sagas?status=running')}
      ${tile('waiting', waiting, '/sagas?status=waiting')}
      ${tile('compensating', compensating, '/sagas?status=compensating')}
      <li class="tile ${openLetters === 0 ? 'tone-calm' : 'tone-bad'}">
        <a href="/dead-letters"
          ><b>${figure(openLetters)}</b>
          <span><span class="icon" aria-hidden="true">!</span> need attention</span></a
        >
      </li>
    </ul>
    ${statusCounts(shown, (status) => `/sagas?status=${status}`)}`;
}

/** Throughput and duration over the last minutes. */
export function pulseLines(beats: readonly Beat[]): Html {
  return html`<div class="sparks">
    ${sparkline({
      title: 'Sagas settled',
      values: beats.map((beat) => beat.settledPerSecond),
      inWords: (value) => `${rounded(value)} a second`,
      span: SPAN,
    })}
    ${sparkline({
      title: '95 of 100 settle within',
      values: beats.map((beat) => beat.p95Ms),
      inWords: durationInWords,
      span: SPAN,
    })}
  </div>`;
}

/** The one that has not moved for the longest time, and what waits for a person. */
export function stuckSaga(saga: SagaSummary | null, letters: readonly DeadLetterGroup[]): Html {
  const oldest = letters.toSorted((one, other) => one.oldestMs - other.oldestMs)[0];
  return html`${
    saga === null
      ? html`<p class="quiet">
          <span class="icon" aria-hidden="true">✓</span> Everything that should move does.
        </p>`
      : html`<p>
          ${sagaLink(saga.id, saga.key ?? saga.id)} is ${badge(saga.status)}
          ${saga.step === null ? '' : html`at <code>${saga.step}</code>`} and last moved
          ${relativeTime(saga.updatedAtMs)}.
        </p>`
  }
  ${
    oldest === undefined
      ? html`<p class="quiet">
          <span class="icon" aria-hidden="true">✓</span> Nothing waits for a decision.
        </p>`
      : html`<p class="note tone-bad">
          The oldest
          <a href="/dead-letters">dead letter</a> (<code>${oldest.code || oldest.kind}</code>) waits
          for a decision since ${relativeTime(oldest.oldestMs)}.
        </p>`
  }`;
}

/** The newest sagas that left their forward path. */
export function failureTable(sagas: readonly SagaSummary[]): Html {
  return table(
    'Sagas that turned back, newest first',
    ['Saga', 'Type', 'Status', 'Step', 'Error', 'Changed'],
    sagas.map((saga) => [
      sagaLink(saga.id, saga.key ?? saga.id),
      saga.type,
      badge(saga.status),
      saga.step ?? '–',
      html`<span class="error">${saga.error ?? ''}</span>`,
      relativeTime(saga.updatedAtMs),
    ]),
    'Nothing failed so far.',
  );
}

/** A duration as people say it. */
function durationInWords(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${rounded(ms / 1_000)} s`;
}

function tile(status: string, count: number, href: string): Html {
  return html`<li class="tile ${count === 0 ? 'tone-calm' : toneClass(status)}">
    <a href="${href}"><b>${figure(count)}</b> <span>${badge(status)}</span></a>
  </li>`;
}

function figure(count: number): string {
  return count.toLocaleString('en');
}

function rounded(value: number): string {
  return value >= 10 ? Math.round(value).toLocaleString('en') : String(Math.round(value * 10) / 10);
}
