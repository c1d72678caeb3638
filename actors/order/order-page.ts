/**
 * Keyset pages over the integer ids of the demo's tables, newest first.
 *
 * Must never trust a cursor: it comes from outside. Invariant: following `nextCursor` shows every
 * row that was there at the start once, whatever is added meanwhile.
 */
import { BackstepError } from '../../src/core/errors.ts';
import type { Page } from '../../src/index.ts';

const CURSOR = /^[1-9]\d{0,15}$/;

/** Rows of the page have an id below this. Throws `input-invalid` for a strange cursor. */
export function positionOf({ cursor }: Page): number {
  if (cursor === null) return Number.MAX_SAFE_INTEGER;
  if (CURSOR.test(cursor)) return Number(cursor);
  throw new BackstepError('input-invalid', 'this cursor is not one of ours', {
    issues: [{ path: 'cursor', message: 'is not a cursor of this list', isTypeError: true }],
  });
}

/** The cursor behind these rows; null when they did not fill the page. */
export function cursorAfter(
  rows: readonly { readonly id: number }[],
  { limit }: Page,
): string | null {
  const last = rows.at(-1);
  return last === undefined || rows.length < limit ? null : String(last.id);
}
