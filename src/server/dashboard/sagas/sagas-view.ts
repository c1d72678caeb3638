/**
 * The list of sagas: filters, rows with check boxes, and commands for many at once.
 */
import { html } from 'hono/html';
import { SAGA_STATUSES } from '../../../core/status.ts';
import type { SagaSummary } from '../../../store/read-models.ts';
import { listAddress, type ListQuery } from './saga-list-query.ts';
import { type Html, relativeTime, sagaLink } from '../frame/html.ts';
import { emptyState, pageHead } from '../frame/layout.ts';
import { badge, wordsOf } from '../frame/status-badge.ts';

/** The field of a row's check box begins with this; the saga's id follows. */
export const CHOSEN_PREFIX = 'saga-';
export const BULK_URL = '/bulk';

const AGES = ['10s', '1m', '10m', '1h', '1d', '7d'];
const COLUMNS = ['Saga', 'Status', 'Type', 'Step', 'Attempts', 'Error', 'Changed'];

export interface SagasPage {
  readonly query: ListQuery;
  readonly sagas: readonly SagaSummary[];
  readonly nextCursor: string | null;
  /** How many match the filters, on all pages. */
  readonly total: number;
  readonly types: readonly string[];
  readonly steps: readonly string[];
  /** No command is taken, so nothing is chosen. */
  readonly isReadOnly: boolean;
}

/** Filters, list and, where commands are taken, the form around the list. */
export function sagasPage(page: SagasPage, region: (id: string) => Html): Html {
  const { query, isReadOnly } = page;
  const lead = isReadOnly
    ? 'Every run, newest first.'
    : 'Every run, newest first. Narrow it down, then act on many at once.';
  return html`${pageHead('Sagas', lead)} ${filterForm(page)}
  ${
    isReadOnly
      ? list(page, region)
      : html`<form method="post" action="${BULK_URL}" aria-label="Sagas" data-choose>
          ${[...query.filters].map(
            ([name, value], index) =>
              html`<input type="hidden" name="filter-${index}-${name}" value="${value}" />`,
          )}
          ${list(page, region)}
        </form>`
  }`;
}

function list(page: SagasPage, region: (id: string) => Html): Html {
  const { sagas, total, query, isReadOnly } = page;
  return html`<section aria-label="The list">
    <div class="list-head">
      <p aria-live="polite">
        <b>${total.toLocaleString('en')}</b> ${total === 1 ? 'saga matches' : 'sagas match'}
      </p>
      <div id="new-sagas" role="status">${region('new-sagas')}</div>
    </div>
    ${
      sagas.length === 0
        ? nothing(query)
        : html`${isReadOnly ? '' : bulkBar(total)}
          ${sagaTable(
            sagas.map((saga, row) => sagaRow(saga, row, !isReadOnly)),
            { canChoose: !isReadOnly },
          )}`
    }
    ${pager(page)}
  </section>`;
}

/** How many matching sagas are not on the page because they started after it. */
export function newSagas(count: number, filters: URLSearchParams): Html {
  if (count === 0) return html``;
  return html`<a class="button" href="${listAddress(filters)}"
    >${count.toLocaleString('en')} new: show</a
  >`;
}

/** The cells of a row that change, by name. */
export function rowCells(saga: SagaSummary): Readonly<Record<string, Html>> {
  return {
    status: badge(saga.status),
    step: html`${saga.step ?? '–'}`,
    attempts: html`${saga.attempts}`,
    error: html`${saga.error ?? ''}`,
    changed: relativeTime(saga.updatedAtMs),
  };
}

/** The element id of a cell. */
export function cellId(row: number, name: string): string {
  return `saga-${row}-${name}`;
}

/** The table around its rows; `bodyId`: of the element that holds them. */
export function sagaTable(
  rows: Html | readonly Html[],
  {
    canChoose = false,
    bodyId = '',
  }: { readonly canChoose?: boolean; readonly bodyId?: string } = {},
): Html {
  return html`<div class="scroll" role="region" aria-label="Sagas" tabindex="0">
    <table>
      <thead>
        <tr>
          ${canChoose ? html`<th scope="col"><span class="visually-hidden">Chosen</span></th>` : ''}
          ${COLUMNS.map(
            (column) =>
              html`<th scope="col" class="${column === 'Attempts' ? 'number' : ''}">${column}</th>`,
          )}
        </tr>
      </thead>
      <tbody ${idIs(bodyId)}>
        ${rows}
      </tbody>
    </table>
  </div>`;
}

/** The cells of a row behind its check box; `idOf`: the element id of a cell that changes by itself. */
export function sagaCells(
  saga: SagaSummary,
  link: Html,
  idOf: (name: string) => string = () => '',
): Html {
  const { status, step, attempts, error, changed } = rowCells(saga);
  return html`<td>${link}</td>
    <td ${idIs(idOf('status'))}>${status}</td>
    <td>${saga.type}</td>
    <td ${idIs(idOf('step'))}>${step}</td>
    <td ${idIs(idOf('attempts'))} class="number">${attempts}</td>
    <td ${idIs(idOf('error'))} class="error">${error}</td>
    <td ${idIs(idOf('changed'))}>${changed}</td>`;
}

/** How many stand where; `hrefOf`: the list of those with a status. */
export function statusCounts(
  counts: readonly (readonly [status: string, count: number])[],
  hrefOf: (status: string) => string,
): Html {
  return html`<ul class="counts">
    ${counts.map(
      ([status, count]) =>
        html`<li>
          <a href="${hrefOf(status)}"><b>${count.toLocaleString('en')}</b></a> ${badge(status)}
        </li>`,
    )}
  </ul>`;
}

function idIs(id: string): Html | string {
  return id === '' ? '' : html`id="${id}"`;
}

function sagaRow(saga: SagaSummary, row: number, canChoose: boolean): Html {
  const name = saga.key ?? saga.id;
  return html`<tr>
    ${
      canChoose
        ? html`<td>
            <input type="checkbox" name="${CHOSEN_PREFIX}${saga.id}" aria-label="Choose ${name}" />
          </td>`
        : ''
    }
    ${sagaCells(saga, sagaLink(saga.id, name), (cell) => cellId(row, cell))}
  </tr>`;
}

function filterForm({ query: { filters }, types, steps }: SagasPage): Html {
  const chosen = new Set(filters.getAll('status'));
  return html`<form class="filters" method="get" action="/sagas" role="search" aria-label="Filters">
    <fieldset>
      <legend>Status</legend>
      ${SAGA_STATUSES.map(
        (status) =>
          html`<label class="chip"
            ><input
              type="checkbox"
              name="status"
              value="${status}"
              ${chosen.has(status) ? 'checked' : ''}
            />
            ${wordsOf(status)}</label
          >`,
      )}
    </fieldset>
    ${select('type', 'Type', types, filters.get('type'))}
    ${select('step', 'Step', steps, filters.get('step'))}
    <label
      >Attempts, at least
      <input name="attempts" type="number" min="0" max="1000000" value="${filters.get('attempts')}"
    /></label>
    ${select('olderThan', 'Not changed for', AGES, filters.get('olderThan'))}
    <label
      >Id, key or error begins with
      <input name="q" type="search" maxlength="200" value="${filters.get('q')}" autocomplete="off"
    /></label>
    <div class="inline-form">
      <button class="primary" type="submit">Filter</button>
      ${filters.size === 0 ? '' : html`<a class="button" href="/sagas">Clear</a>`}
    </div>
  </form>`;
}

// A value that the address has and the list has not is still shown: it is what is filtered by.
function select(
  name: string,
  label: string,
  values: readonly string[],
  chosen: string | null,
): Html {
  const shown = chosen === null || values.includes(chosen) ? values : [...values, chosen];
  return html`<label
    >${label}
    <select name="${name}">
      <option value="">any</option>
      ${shown.map((value) => html`<option ${value === chosen ? 'selected' : ''}>${value}</option>`)}
    </select></label
  >`;
}

function bulkBar(total: number): Html {
  return html`<div class="bulk-bar" role="group" aria-label="Act on many">
    <label class="inline" hidden data-choose-all><input type="checkbox" /> all on this page</label>
    <label class="inline"
      >Act on
      <select name="scope">
        <option value="chosen" data-chosen>the chosen ones</option>
        <option value="matching">
          ${total === 1 ? 'the one that matches' : `all ${total.toLocaleString('en')} that match`}
        </option>
      </select></label
    >
    <label class="inline"
      ><span class="visually-hidden">Reason</span
      ><input name="reason" placeholder="Reason, for the audit" maxlength="500" autocomplete="off"
    /></label>
    <button type="submit" name="command" value="retry">Retry…</button>
    <button type="submit" name="command" value="resume">Resume…</button>
    <button type="submit" name="command" value="cancel">Cancel…</button>
    <span class="quiet">You are asked before anything happens.</span>
  </div>`;
}

function pager({ query, nextCursor }: SagasPage): Html {
  if (query.cursor === null && nextCursor === null) return html``;
  return html`<nav class="pager" aria-label="More of the list">
    ${query.cursor === null ? '' : html`<a class="button" href="${listAddress(query.filters)}">Newest</a>`}
    ${
      nextCursor === null
        ? ''
        : html`<a class="button" rel="next" href="${listAddress(query.filters, nextCursor)}"
            >Older</a
          >`
    }
  </nav>`;
}

function nothing({ filters }: ListQuery): Html {
  return filters.size === 0
    ? emptyState(
        'There are no sagas yet.',
        html`Start one from the page of its <a href="/definitions">definition</a>, or over HTTP.`,
      )
    : emptyState('No saga matches.', html`<a href="/sagas">Clear the filters</a> to see all.`);
}
