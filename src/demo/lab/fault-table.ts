/**
 * The form that sets the faults of every activity at once; empty rows mean no fault.
 */
import { html } from 'hono/html';
import { type ActiveFault, FAULT_MODES } from './fault-controls.ts';
import type { Html } from '../../server/dashboard/frame/html.ts';

type Filled = Pick<ActiveFault, 'activity' | 'failNext' | 'failureRate' | 'latencyMs' | 'mode'>;

/** Heads of the table, which every cell repeats where a row is a card. */
const COLUMNS = {
  mode: 'How it fails',
  next: 'Next calls',
  rate: '% of calls',
  latency: 'Slower by ms',
} as const;

/** The form, filled with faults that may or may not be set. */
export function faultTable(activities: readonly string[], filled: readonly Filled[]): Html {
  const action = '/faults/actions/set';
  return html`<form method="post" action="${action}" hx-post="${action}" hx-target="#lab-result">
    <div class="scroll" role="region" aria-label="Faults by activity" tabindex="0">
      <table class="fault-table">
        <thead>
          <tr>
            <th scope="col">Activity</th>
            ${Object.values(COLUMNS).map((column) => html`<th scope="col">${column}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${activities.map((activity) =>
            row(
              activity,
              filled.find((fault) => fault.activity === activity),
            ),
          )}
        </tbody>
      </table>
    </div>
    <div class="commands">
      <label class="seed"
        >Seed, to repeat the same luck
        <input name="seed" type="number" min="0" max="4294967295" placeholder="none"
      /></label>
      <button class="primary" type="submit">Apply</button>
      <button type="submit" name="reset" value="yes">Reset everything</button>
    </div>
  </form>`;
}

function row(activity: string, fault: Filled | undefined): Html {
  const number = (column: string, name: string, label: string, value: number, max: number): Html =>
    html`<td data-column="${column}">
      <input
        name="${activity}.${name}"
        aria-label="${activity}: ${label}"
        type="number"
        value="${value}"
        min="0"
        max="${max}"
      />
    </td>`;
  return html`<tr>
    <th scope="row">${activity}</th>
    <td data-column="${COLUMNS.mode}">
      <select name="${activity}.mode" aria-label="${activity}: how it fails">
        ${FAULT_MODES.map(
          ({ id, label }) =>
            html`<option value="${id}" ${id === fault?.mode ? html`selected` : ''}>
              ${label}
            </option>`,
        )}
      </select>
    </td>
    ${number(COLUMNS.next, 'next', 'how many of the next calls fail', fault?.failNext ?? 0, 1_000)}
    ${number(COLUMNS.rate, 'rate', 'percent of calls that fail', Math.round((fault?.failureRate ?? 0) * 100), 100)}
    ${number(COLUMNS.latency, 'latency', 'milliseconds slower', fault?.latencyMs ?? 0, 600_000)}
  </tr>`;
}
