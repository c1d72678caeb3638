/** Whether the text of a saga says what a state does, whatever of it the text leaves to the journal. */
import { crc32 } from 'node:zlib';
import { BackstepError } from '../../core/errors.ts';
import { encodeWhole, parseStored } from '../../core/history/codec.ts';
import { wantingIn } from '../../core/history/with-results.ts';
import type { SagaState } from '../../core/state.ts';
import type { SagaAsStored } from '../../store/as-stored.ts';
import { lineOf } from './journal-export.ts';

/**
 * True where it does. An earlier version, or a host that keeps sagas apart from their journals, has
 * left less to the journal than the state would.
 */
export function isSameState({ row, journal }: SagaAsStored, state: SagaState): boolean {
  if (crc32(row.state) !== row.checksum) return false;
  const wanting = wantingIn(row.state);
  const whole = wanting === null ? row.state : wanting.with([...journal].map(lineOf));
  if (whole === null) return false;
  try {
    const { fromJournal: _, ...parts } = parseStored(row.id, whole, row.format);
    return JSON.stringify(parts) === encodeWhole({ ...state, fromJournal: undefined });
  } catch (error) {
    if (error instanceof BackstepError) return false;
    throw error;
  }
}
