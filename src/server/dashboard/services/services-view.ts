/**
 * The page of services: one panel per table of a participant.
 */
import { html } from 'hono/html';
import type { Cell, Figure, Panel, PanelContent } from './panel.ts';
import { type Html, relativeText, sagaLink, table } from '../frame/html.ts';
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
  const numbers = columns.flatMap((_, column) =>
    rows.some((row) => isFigure(row[column])) ? [column] : [],
  );
  return html`${
    figures.length === 0
      ? ''
      : html`<ul class="counts">
          ${figures.map(figureView)}
        </ul>`
  }
  ${table(
    panel.title,
    columns,
    rows.map((row) => row.map(cellContent)),
    empty,
    numbers,
  )}
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
