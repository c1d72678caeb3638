/**
 * The difference between what a page shows and what it should show, as `<hx-partial>` elements.
 *
 * Pure. Invariant: applying the message to a page that shows `sent` makes it show `regions`.
 */
import type { Region } from './page-region.ts';

/** The order of a list's rows is remembered under a name that no element id has. */
const ORDER_SUFFIX = ' order';

export interface PageUpdate {
  /** Empty: nothing changed. */
  readonly message: string;
  /** What the page shows after it, by element id. */
  readonly shown: ReadonlyMap<string, string>;
}

/** The update of one page. Element ids come from us and need no escaping. */
export function partialsFor(
  sent: ReadonlyMap<string, string>,
  regions: readonly Region[],
): PageUpdate {
  const shown = new Map<string, string>();
  const parts: string[] = [];
  for (const region of regions) {
    const { rows } = region;
    if (rows === undefined || rows.length === 0) {
      shown.set(region.id, region.html);
      if (sent.get(region.id) !== region.html) parts.push(inside(region.id, region.html));
      continue;
    }
    const order = rows.map(({ id }) => id).join(' ');
    const isSameOrder = sent.get(region.id + ORDER_SUFFIX) === order;
    if (!isSameOrder) parts.push(inside(region.id, region.html));
    shown.set(region.id + ORDER_SUFFIX, order);
    for (const row of rows) {
      if (isSameOrder && sent.get(row.id) !== row.html) parts.push(whole(row.id, row.html));
      shown.set(row.id, row.html);
    }
  }
  return { message: parts.join('\n'), shown };
}

function inside(id: string, content: string): string {
  return `<hx-partial hx-target="#${id}" hx-swap="innerMorph">${content}</hx-partial>`;
}

function whole(id: string, content: string): string {
  return `<hx-partial hx-target="#${id}" hx-swap="outerMorph">${content}</hx-partial>`;
}
