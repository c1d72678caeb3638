/**
 * The live list of sagas, and how many stand where.
 */
import { html } from 'hono/html';
import type { SagaSummary, StatusCounts } from '../../store/read-models.ts';
import { badge } from '../../server/dashboard/frame/status-badge.ts';
import { relativeTime, type Html } from '../../server/dashboard/frame/html.ts';

/** Statuses that are always shown, even at zero. */
const ALWAYS_SHOWN = ['running', 'compensating', 'completed', 'compensated', 'compensation_failed'];

/** One line; its element's id is `rowId`. */
export function sagaRow(saga: SagaSummary): Html {
  return html`<tr id="${rowId(saga)}">
    <td><a href="/saga?id=${encodeURIComponent(saga.id)}">${saga.key ?? saga.id}</a></td>
    <td>${badge(saga.status)}</td>
    <td>${saga.step ?? '–'}</td>
    <td class="number">${saga.attempts}</td>
    <td class="error">${saga.error ?? ''}</td>
    <td>${relativeTime(saga.updatedAtMs)}</td>
  </tr>`;
}

export function rowId({ id }: SagaSummary): string {
  return `row-${id}`;
}

/** The list around the lines. */
export function sagaTable(rows: Html): Html {
  return html`<div class="scroll" role="region" aria-label="Sagas" tabindex="0">
    <table>
      <caption class="visually-hidden">
        Sagas, newest first
      </caption>
      <thead>
        <tr>
          <th scope="col">Order</th>
          <th scope="col">Status</th>
          <th scope="col">Step</th>
          <th scope="col" class="number">Attempts</th>
          <th scope="col">Error</th>
          <th scope="col">Changed</th>
        </tr>
      </thead>
      <tbody id="saga-rows">
        ${rows}
      </tbody>
    </table>
  </div>`;
}

/** How many stand where. */
export function statusCounts(counts: StatusCounts): Html {
  const shown = Object.entries(counts).filter(
    ([status, count]) => count > 0 || ALWAYS_SHOWN.includes(status),
  );
  return html`<ul class="counts">
    ${shown.map(([status, count]) => html`<li><b>${count}</b> ${badge(status)}</li>`)}
  </ul>`;
}
