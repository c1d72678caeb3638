/**
 * The small pieces that every view is made of. All text goes through `html`, which escapes it.
 *
 * Times are rendered as clock times, so that the same facts are the same text; the page's script
 * shows them relative to now and counts down.
 */
import { isoText } from '../../../core/iso-time.ts';
import { html } from 'hono/html';

export type Html = ReturnType<typeof html>;

/** A time that the page's script shows as "3 min ago"; the absolute one is its title. */
export function relativeTime(timeMs: number): Html {
  const iso = isoText(timeMs);
  return html`<time class="when" datetime="${iso}" title="${iso}">${iso.slice(11, 19)}</time>`;
}

/** The same for a time that comes as text, or for none. */
export function relativeText(iso: string | null): Html {
  return iso === null ? html`–` : relativeTime(Date.parse(iso));
}

/** A time to come, which the page's script shows as "in 1.3 s". */
export function countdown(dueMs: number): Html {
  const iso = isoText(dueMs);
  return html`<time class="due" datetime="${iso}" title="${iso}">at ${iso.slice(11, 19)}</time>`;
}

/** The end of something, which the page's script shows as "ends in 1.3 s", then "ends now". */
export function endTime(dueMs: number): Html {
  return timeToEnd(dueMs, 'ends');
}

/** The end of something in a saga that stands still: its time passes, but only going on acts. */
export function stillEndTime(dueMs: number): Html {
  return timeToEnd(dueMs, 'still');
}

function timeToEnd(dueMs: number, manner: 'ends' | 'still'): Html {
  const iso = isoText(dueMs);
  return html`<time class="due" data-manner="${manner}" datetime="${iso}" title="${iso}"
    >ends at ${iso.slice(11, 19)}</time
  >`;
}

/**
 * How long something took, in the unit that reads best. Begun units do not count, as in the times
 * that the page's script shows: what ended "after 7 min" began at least "7 min ago".
 */
export function tookTime(ms: number): string {
  if (ms < 1_000) return `${ms} ms`;
  if (ms < 60_000) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min`;
  if (ms < 172_800_000) return `${Math.floor(ms / 3_600_000)} h`;
  return `${Math.floor(ms / 86_400_000)} d`;
}

/** A time to the millisecond, for logs. */
export function exactTime(timeMs: number): Html {
  const iso = isoText(timeMs);
  return html`<time datetime="${iso}" title="${iso}">${iso.slice(11, 23)}</time>`;
}

/**
 * A table that scrolls by itself on narrow screens; `empty` is shown without rows. `numbers`: the
 * columns that hold figures, by their places.
 */
export function table(
  caption: string,
  columns: readonly string[],
  rows: readonly (readonly unknown[])[],
  empty: string,
  numbers: readonly number[] = [],
): Html {
  const look = (column: number): Html | string =>
    numbers.includes(column) ? html`class="number"` : '';
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0">
    <table>
      <caption class="visually-hidden">
        ${caption}
      </caption>
      <thead>
        <tr>
          ${columns.map((name, column) => html`<th scope="col" ${look(column)}>${name}</th>`)}
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
                    ${row.map((cell, column) => html`<td ${look(column)}>${cell}</td>`)}
                  </tr>`,
              )
        }
      </tbody>
    </table>
  </div>`;
}

/** Below a list that shows only its newest: how many there are, and where; nothing below a whole one. */
export function restOf(shown: number, total: number, href: string): Html {
  if (total <= shown) return html``;
  return html`<p class="quiet">
    ${shown.toLocaleString('en')} of ${total.toLocaleString('en')}: <a href="${href}">see all</a>
  </p>`;
}

/** Instead of what a read-only server does not take; `what` is left out, such as "Orders". */
export function readOnlyNote(what: string): Html {
  return html`<p class="quiet">This server only shows: ${what}.</p>`;
}

/** A link to a saga's page. */
export function sagaLink(id: string, text: string): Html {
  return html`<a href="/sagas/${encodeURIComponent(id)}">${text}</a>`;
}

/** A part of an answer that htmx puts in place of the element with this id. */
export function replacement(id: string, content: Html): Html {
  // htmx does not know an end tag with a blank in it, which formatting would put there.
  // prettier-ignore
  return html`<hx-partial hx-target="#${id}" hx-swap="outerHTML">${content}</hx-partial>`;
}
