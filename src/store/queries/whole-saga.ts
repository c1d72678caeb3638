/**
 * A row of a saga with the results that only its journal has.
 *
 * Lines of a journal never change, and those that a row names were there before it: they may be read
 * after the row. Invariant: what is whole has the checksum of its text; what is damaged, or lacks a
 * line, stays as it is stored, and whoever opens it finds that.
 */
import { crc32 } from 'node:zlib';
import { IN_JOURNAL } from '../../core/history/codec.ts';
import { type ResultLine, wantingIn } from '../../core/history/with-results.ts';
import type { StoredSaga } from '../store.ts';

type Row = Pick<StoredSaga, 'sid' | 'state' | 'checksum'>;

/** Reads the lines of a saga with these seqs of its own. */
export type LinesOf = (sid: number, sagaSeqs: readonly number[]) => Promise<readonly ResultLine[]>;

/** The row, whole. */
export async function wholeSaga<Whole extends Row>(row: Whole, linesOf: LinesOf): Promise<Whole> {
  if (crc32(row.state) !== row.checksum) return row;
  const wanting = wantingIn(row.state);
  if (wanting === null) return row;
  const state = wanting.with(await linesOf(row.sid, wanting.sagaSeqs));
  return state === null ? row : { ...row, state, checksum: crc32(state) };
}

/** True where results are missing in it still. */
export function isWanting({ state }: Row): boolean {
  return state.startsWith(IN_JOURNAL);
}
