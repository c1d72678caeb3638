/**
 * Opaque cursors of paged lists: the last row's key and the list it belongs to, in base64url.
 *
 * Invariant: only a cursor of the same list is taken back; anything else is the caller's fault.
 */
import { BackstepError } from '../../core/errors.ts';

/** Lists with a cursor of their own. */
export type PagedList = 'sagas' | 'journal' | 'letters' | 'bulk' | 'items' | 'deliveries';

const CURSOR = /^([a-z]+):(\d{1,15})$/;

/** The cursor that continues a list after the row with this key. */
export function toCursor(list: PagedList, key: number): string {
  return Buffer.from(`${list}:${key}`).toString('base64url');
}

/** The key in a cursor; `null` for the first page. Throws `input-invalid`. */
export function fromCursor(list: PagedList, cursor: string | null): number | null {
  if (cursor === null) return null;
  const match = CURSOR.exec(Buffer.from(cursor, 'base64url').toString('latin1'));
  if (match?.[1] === list) return Number(match[2]);
  throw badCursor();
}

/** What a cursor is refused with that is none of its list. */
export function badCursor(): BackstepError {
  const issue = { path: 'cursor', message: 'is not a cursor of this list', isTypeError: true };
  return new BackstepError('input-invalid', 'the cursor cannot be read', { issues: [issue] });
}
