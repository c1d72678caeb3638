/**
 * The panel that makes things go wrong on purpose.
 */
import { html } from 'hono/html';
import { type ActiveFault, FAULT_MODES, FAULT_PRESETS } from './fault-controls.ts';
import { type Html, tookTime } from '../../server/dashboard/frame/html.ts';

const PROVIDER_STOPPED = 'the payment provider is stopped';
const POST_TO = '/saga/actions/faults';

/** The panel; `activities` may fail. */
export function faultPanel(activities: readonly string[]): Html {
  const preset = (id: string, label: string, hint: string): Html =>
    html`<li>
      <button type="submit" name="preset" value="${id}">${label}</button>
      <span class="quiet">${hint}</span>
    </li>`;
  return html`<form
      method="post"
      action="${POST_TO}"
      hx-post="${POST_TO}"
      hx-target="#faults-active"
    >
      <ul class="preset-list">
        ${FAULT_PRESETS.map(({ id, label, hint }) => preset(id, label, hint))}
        ${preset('reset', 'Reset', 'Everything may work again.')}
      </ul>
    </form>
    <details>
      <summary>Break one activity by hand</summary>
      ${byHand(activities)}
    </details>`;
}

function byHand(activities: readonly string[]): Html {
  return html`<form
    class="fault-form"
    method="post"
    action="${POST_TO}"
    hx-post="${POST_TO}"
    hx-target="#faults-active"
  >
    <label
      >Activity
      <select name="activity">
        ${activities.map((name) => html`<option>${name}</option>`)}
      </select></label
    >
    <label
      >How
      <select name="mode">
        ${FAULT_MODES.map(({ id, label }) => html`<option value="${id}">${label}</option>`)}
      </select></label
    >
    <label>Next calls <input name="fail_next" type="number" value="1" min="0" max="1000" /></label>
    <button type="submit">Set</button>
  </form>`;
}

/** Instead of the panel when faults are switched off. */
export function faultsOff(): Html {
  return html`<p class="quiet">Faults are switched off (<code>BACKSTEP_FAULTS=off</code>).</p>`;
}

/** What is set now. */
export function activeFaults(faults: readonly ActiveFault[], isProviderStopped: boolean): Html {
  if (faults.length === 0 && !isProviderStopped)
    return html`<p class="quiet">No faults: everything may work.</p>`;
  return html`<ul class="counts active-faults">
    ${
      isProviderStopped
        ? html`<li class="tone-warn">
            <span class="icon" aria-hidden="true">!</span> ${PROVIDER_STOPPED}
            <span class="quiet">(payments fail until it runs again)</span>
          </li>`
        : ''
    }
    ${faults.map(
      (fault) =>
        html`<li class="tone-warn">
          <span class="icon" aria-hidden="true">!</span> <code>${fault.activity}</code>:
          ${describe(fault)} <span class="quiet">(${hitsInWords(fault)})</span>
        </li>`,
    )}
  </ul>`;
}

/** On every page: what is broken on purpose, so that nobody wonders. `null`: nothing is. */
export function faultsBanner(
  faults: readonly ActiveFault[],
  isProviderStopped: boolean,
): Html | null {
  const active = [
    ...(isProviderStopped ? [html`${PROVIDER_STOPPED}`] : []),
    ...faults
      .filter((fault) => !isUsedUp(fault))
      .map((fault) => html`<code>${fault.activity}</code> ${describe(fault)}`),
  ];
  if (active.length === 0) return null;
  // Where there is no room for several, their number stands for them.
  return html`<p class="tone-warn">
    <span class="icon" aria-hidden="true">!</span> <strong>Broken on purpose:</strong>
    ${active.length === 1 ? '' : html`<span class="fault-count">${active.length} faults</span>`}
    ${active.map((words) => html`<span class="fault">${words}</span>`)}
    <a class="change" href="/faults#own">change</a>
  </p>`;
}

function hitsInWords({ hits, calls }: ActiveFault): string {
  if (calls === 0) return 'not called yet';
  return `${hits} of ${calls} ${calls === 1 ? 'call' : 'calls'} hit`;
}

function isUsedUp({ failNext, failureRate, latencyMs }: ActiveFault): boolean {
  return failNext === 0 && failureRate === 0 && latencyMs === 0;
}

function describe({ failNext, failureRate, latencyMs, mode }: ActiveFault): string {
  const how = FAULT_MODES.find(({ id }) => id === mode)?.label ?? mode;
  const parts = [
    ...(failNext > 0 ? [`next ${failNext}: ${how}`] : []),
    ...(failureRate > 0 ? [`${Math.round(failureRate * 100)}% of calls: ${how}`] : []),
    ...(latencyMs > 0 ? [`${tookTime(latencyMs)} slower`] : []),
  ];
  return parts.length === 0 ? 'used up' : parts.join('; ');
}
