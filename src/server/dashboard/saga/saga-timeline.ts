/**
 * The story of a saga in time as a table with bars: attempts, delays, waits, compensations.
 */
import { html } from 'hono/html';
import type { StretchEnd, TimelineStretch } from '../../../explain/timeline.ts';
import { exactTime, type Html, tookTime } from '../frame/html.ts';
import { emptyState } from '../frame/layout.ts';
import { wordsOf } from '../frame/status-badge.ts';

/** Most lines shown: the last ones. */
const MAX_SHOWN = 100;
/** Thinnest bar, in percent of the whole width. */
const MIN_BAR = 0.6;

interface Look {
  readonly icon: string;
  readonly words: string;
  readonly tone: string;
}

const ENDS: Readonly<Record<StretchEnd, Look>> = {
  done: { icon: '✓', words: 'done', tone: 'good' },
  failed: { icon: '✗', words: 'failed', tone: 'bad' },
  'timed-out': { icon: '?', words: 'timed out', tone: 'warn' },
  passed: { icon: '·', words: 'over', tone: 'calm' },
  left: { icon: '»', words: 'left behind', tone: 'warn' },
};
const UNDER_WAY: Look = { icon: '▶', words: 'under way', tone: 'busy' };
/** Nothing runs: it stands there until something comes. */
const STANDING: Look = { icon: '◷', words: 'until now', tone: 'calm' };

/** The table; `nowMs` is where open stretches end on the picture. */
export function timelineView(stretches: readonly TimelineStretch[], nowMs: number): Html {
  const [first] = stretches;
  if (first === undefined) return emptyState('Nothing has run yet.', 'Attempts appear here.');
  const shown = stretches.slice(-MAX_SHOWN);
  const fromMs = shown[0]?.fromMs ?? first.fromMs;
  const toMs = Math.max(...shown.map((each) => each.toMs ?? nowMs), fromMs + 1);
  return html`<div class="scroll" role="region" aria-label="Timeline" tabindex="0">
      <table class="timeline">
        <caption class="visually-hidden">
          Attempts and waits, the first one first
        </caption>
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col">From</th>
            <th scope="col" class="number">Took</th>
            <th scope="col">Came out</th>
            <th scope="col" class="bar">
              <span class="visually-hidden">On a line of ${tookTime(toMs - fromMs)}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          ${shown.map((stretch) => line(stretch, fromMs, toMs))}
        </tbody>
      </table>
    </div>
    ${
      shown.length === stretches.length
        ? ''
        : html`<p class="quiet">The last ${shown.length} of ${stretches.length}.</p>`
    }`;
}

function line(stretch: TimelineStretch, startMs: number, endMs: number): Html {
  const { fromMs, toMs, end } = stretch;
  const open = stretch.kind === 'still' ? STANDING : UNDER_WAY;
  const look = end === null ? open : ENDS[end];
  const share = (ms: number): number => ((ms - startMs) / (endMs - startMs)) * 100;
  const left = Math.min(share(fromMs), 100 - MIN_BAR);
  const width = Math.max(MIN_BAR, share(toMs ?? endMs) - left);
  return html`<tr class="tone-${look.tone}">
    <td>${what(stretch)}</td>
    <td>${exactTime(fromMs)}</td>
    <td class="number">${toMs === null ? '' : tookTime(toMs - fromMs)}</td>
    <td>
      <span class="badge"
        ><span class="icon" aria-hidden="true">${look.icon}</span> ${look.words}</span
      >
      ${
        stretch.kind === 'attempt' && stretch.error !== null
          ? html`<span class="quiet">${stretch.error.code}</span>`
          : ''
      }
      ${
        stretch.kind === 'still' && stretch.by !== null
          ? html`<span class="quiet">by ${stretch.by}</span>`
          : ''
      }
    </td>
    <td class="bar">
      <svg width="100%" height="14" aria-hidden="true">
        <rect
          class="is-${stretch.kind}"
          x="${left.toFixed(2)}%"
          y="2"
          width="${width.toFixed(2)}%"
          height="10"
          rx="2"
        />
      </svg>
    </td>
  </tr>`;
}

function what(stretch: TimelineStretch): Html {
  switch (stretch.kind) {
    case 'attempt': {
      const { activity, direction, attempt, occurrence, dispatches } = stretch;
      const notes = [
        `attempt ${attempt}`,
        ...(direction === 'forward' ? [] : [direction === 'probe' ? 'asks' : 'undoes']),
        ...(occurrence > 1 ? [`run ${occurrence}`] : []),
        ...(dispatches > 1 ? [`started ${dispatches} times`] : []),
      ];
      return html`${activity} <span class="quiet">${notes.join(', ')}</span>`;
    }
    case 'delay':
      return html`${stretch.activity} <span class="quiet">waits to try again</span>`;
    case 'still':
      return html`${wordsOf(stretch.status)} <span class="quiet">in ${stretch.state}</span>`;
  }
}
