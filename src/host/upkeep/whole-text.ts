/** The text of a saga as it is stored, with what it leaves to the journal. */
import { crc32 } from 'node:zlib';
import { BackstepError } from '../../core/errors.ts';
import { encodeParts, encodeWhole, parseStored } from '../../core/history/codec.ts';
import { wantingIn } from '../../core/history/with-results.ts';
import type { SagaState } from '../../core/state.ts';
import type { SagaAsStored } from '../../store/as-stored.ts';
import { lineOf } from './journal-export.ts';

/** The whole text; the text as it is where lines are missing or damaged. */
export function wholeText({ row, journal }: Pick<SagaAsStored, 'row' | 'journal'>): string {
  const wanting = wantingIn(row.state);
  return wanting?.with(Array.from(journal, lineOf)) ?? row.state;
}

/**
 * True where the text says what a state does. An earlier version, or a host that keeps sagas apart
 * from their journals, has left less to the journal than the state would.
 */
export function isSameState(stored: SagaAsStored, state: SagaState): boolean {
  const { row } = stored;
  if (crc32(row.state) !== row.checksum) return false;
  try {
    const { fromJournal: _, ...parts } = parseStored(row.id, wholeText(stored), row.format);
    return encodeParts(parts) === encodeWhole({ ...state, fromJournal: undefined });
  } catch (error) {
    if (error instanceof BackstepError) return false;
    throw error;
  }
}
