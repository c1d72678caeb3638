/**
 * The page of services: one panel per table of a participant.
 */
import { html } from 'hono/html';
import type { Cell, Figure, Panel, PanelContent } from './panel.ts';
import { type Html, relativeText, sagaLink } from '../frame/html.ts';
import { emptyState, pageHead } from '../frame/layout.ts';
import { moneyInWords } from './money.ts';
import { badge } from '../frame/status-badge.ts';

export interface ServicesPage {
  readonly panels: readonly Pick<Panel, 'id' | 'title'>[];
  readonly hasInvariants: boolean;
}

/** The panels around their live parts; what is missing where there is none. */
export function servicesPage(page: ServicesPage, region: (id: string) => Html): Html {
  const { panels, hasInvariants } = page;
  return html`${pageHead(
      'Services',
      'What the participants have. This is what shows that compensation worked.',
    )}
    ${
      hasInvariants
        ? html`<section aria-labelledby="sums-title">
            <h2 id="sums-title">Consistency</h2>
            <div id="invariants">${region('invariants')}</div>
          </section>`
        : ''
    }
    ${
      panels.length === 0
        ? emptyState(
            'No service shows itself here.',
            'A program gives its panels to createServer, in an extension.',
          )
        : ''
    }
    <div class="columns panels">
      ${panels.map(
        ({ id, title }) =>
          html`<section aria-labelledby="title-${id}">
            <h2 id="title-${id}">${title}</h2>
            <div id="service-${id}">${region(`service-${id}`)}</div>
          </section>`,
      )}
    </div>`;
}

/** One panel. */
export function panelContent(
  panel: Pick<Panel, 'id' | 'title'>,
  { figures = [], columns, rows, empty, nextCursor }: PanelContent,
  isContinued: boolean,
): Html {
  const isNumber = columns.map((_, index) => rows.some((row) => isFigure(row[index])));
  const cellClass = (index: number): string => (isNumber[index] === true ? 'number' : '');
  return html`${
      figures.length === 0
        ? ''
        : html`<ul class="counts">
            ${figures.map(figureView)}
          </ul>`
    }
    <div class="scroll" role="region" aria-label="${panel.title}" tabindex="0">
      <table>
        <thead>
          <tr>
            ${columns.map(
              (column, index) => html`<th scope="col" class="${cellClass(index)}">${column}</th>`,
            )}
          </tr>
        </thead>
        <tbody>
          ${
            rows.length === 0
              ? html`<tr>
                  <td class="empty" colspan="${columns.length}">${empty}</td>
                </tr>`
              : rows.map(
                  (row) =>
                    html`<tr>
                      ${row.map(
                        (cell, index) =>
                          html`<td class="${cellClass(index)}">${cellContent(cell)}</td>`,
                      )}
                    </tr>`,
                )
          }
        </tbody>
      </table>
    </div>
    ${pageLinks(panel.id, nextCursor, isContinued)}`;
}

function pageLinks(id: string, nextCursor: string | null, isContinued: boolean): Html {
  if (nextCursor === null && !isContinued) return html``;
  return html`<p class="quiet">
    ${isContinued ? html`<a href="/services#title-${id}">Newest</a>` : ''}
    ${
      nextCursor === null
        ? ''
        : html`<a href="/services?${id}=${encodeURIComponent(nextCursor)}#title-${id}">Older</a>`
    }
  </p>`;
}

function figureView({ label, value, holds }: Figure): Html {
  if (holds === undefined) return html`<li><b>${value}</b> ${label}</li>`;
  return html`<li>
    <span class="badge tone-${holds ? 'good' : 'bad'}"
      ><span class="icon" aria-hidden="true">${holds ? '✓' : '✗'}</span> ${value}</span
    >: ${label}
  </li>`;
}

function isFigure(cell: Cell | undefined): boolean {
  return typeof cell === 'number' || (typeof cell === 'object' && cell.kind === 'money');
}

function cellContent(cell: Cell): Html | string {
  if (typeof cell === 'string') return cell;
  if (typeof cell === 'number') return cell.toLocaleString('en');
  switch (cell.kind) {
    case 'state':
      return badge(cell.state);
    case 'time':
      return relativeText(cell.at);
    case 'money':
      return moneyInWords(cell.amount, cell.currency);
    case 'saga':
      return sagaLink(cell.id, cell.text);
  }
}
