/**
 * Cursors of the feed: the epoch of an entry and its position, as one opaque text.
 *
 * Invariant: a cursor of an entry that this database does not have is never taken for one that it
 * has. A bare number, as earlier versions gave them, is taken by its position alone.
 */
import type { FeedEpoch } from '../../store/queries/feed-epochs.ts';

/** What a cursor looks like. */
export const FEED_CURSOR = /^(?:([\w-]{8})\.)?(\d{1,15})$/;

/** Where a client stands that has everything up to its cursor. */
export interface FeedPlace {
  /** Everything up to here is the same for the client as for this database. */
  readonly seq: number;
  /** True: the client has seen entries after that which this database lacks. */
  readonly isLost: boolean;
}

/** The cursor of the entry at `seq`. */
export function feedCursor(epochs: readonly FeedEpoch[], seq: number): string {
  const epoch = epochs.findLast(({ afterSeq }) => afterSeq < seq);
  return epoch === undefined ? String(seq) : `${epoch.name}.${seq}`;
}

/** What a cursor says here; `null`: it is none, or lies beyond the end. */
export function placeOf(
  cursor: string,
  epochs: readonly FeedEpoch[],
  lastSeq: number,
): FeedPlace | null {
  const [, name, position] = FEED_CURSOR.exec(cursor) ?? [];
  if (position === undefined) return null;
  const seq = Number(position);
  const index = epochs.findIndex((epoch) => epoch.name === name);
  if (name !== undefined && index === -1) return { seq: 0, isLost: true };
  const next = name === undefined ? undefined : epochs[index + 1];
  if (next !== undefined && seq > next.afterSeq) return { seq: next.afterSeq, isLost: true };
  return seq > lastSeq ? null : { seq, isLost: false };
}
