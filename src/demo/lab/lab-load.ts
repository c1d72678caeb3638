/** How a load goes, and whether the payment provider runs. */
import { html } from 'hono/html';
import type { LoadFigures } from './load-generator.ts';
import type { Html } from '../../server/dashboard/frame/html.ts';
import { badge } from '../../server/dashboard/frame/status-badge.ts';

/** The progress of the last load. */
export function loadProgress(
  figures: LoadFigures | null,
  nowMs: number,
  isReadOnly: boolean,
): Html {
  if (figures === null) {
    return html`<p class="quiet">No load yet. Set some faults first, then place orders.</p>`;
  }
  const { kind, total, settled, placed, refusals, byStatus, startedAtMs, endedAtMs } = figures;
  const seconds = Math.max(0.001, ((endedAtMs ?? nowMs) - startedAtMs) / 1_000);
  const percent = Math.floor((settled / total) * 100);
  return html`<p>
      <strong>${WORDS[kind]}</strong>: ${settled} of ${total} orders settled, ${placed} placed,
      ${Math.round(settled / seconds)} a
      second${refusals === 0 ? '' : html`, ${refusals} times asked to wait`}.
    </p>
    <progress max="${total}" value="${settled}" aria-label="Orders settled">${percent}%</progress>
    <ul class="counts">
      ${Object.entries(byStatus).map(
        ([status, count]) => html`<li><b>${count}</b> ${badge(status)}</li>`,
      )}
    </ul>
    ${
      kind === 'running' && !isReadOnly
        ? html`<form
            method="post"
            action="/faults/actions/load/stop"
            hx-post="/faults/actions/load/stop"
            hx-target="#lab-result"
          >
            <button type="submit">Stop placing</button>
          </form>`
        : ''
    }`;
}

/** Whether the provider runs, and the button for the other. `null`: not ours to stop. */
export function providerState(isRunning: boolean | null, isReadOnly: boolean): Html {
  if (isRunning === null)
    return html`<p class="quiet">The payment provider is not ours to stop.</p>`;
  const action = '/faults/actions/provider';
  const state = html`<span class="badge tone-${isRunning ? 'good' : 'bad'}"
    ><span class="icon" aria-hidden="true">${isRunning ? '✓' : '✗'}</span> The payment provider
    ${isRunning ? 'runs' : 'is stopped'}</span
  >`;
  if (isReadOnly) return html`<p>${state}</p>`;
  return html`<form
    class="commands"
    method="post"
    action="${action}"
    hx-post="${action}"
    hx-target="#lab-result"
  >
    ${state}
    <button type="submit" name="wanted" value="${isRunning ? 'stopped' : 'running'}">
      ${isRunning ? 'Stop it' : 'Start it again'}
    </button>
  </form>`;
}

const WORDS: Readonly<Record<LoadFigures['kind'], string>> = {
  running: 'Under way',
  finished: 'Done',
  stopped: 'Stopped',
  failed: 'It could not go on',
};
