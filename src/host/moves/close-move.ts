/**
 * The end of a move where the sagas came from: they have left, or go on there after all. Either may
 * be ordered again.
 */
import { rm } from 'node:fs/promises';
import { BackstepError } from '../../core/errors.ts';
import { authorOf, eachOf, notedOf, type OrderedBy } from './export-sagas.ts';
import { goBack, haveGone } from './leaving.ts';
import { checkedHeader } from './move-file.ts';
import { type MoveDatabase, withOwnedStore } from './owned-store.ts';

export interface CloseMoveOptions extends MoveDatabase, OrderedBy {
  /** The file of the move. */
  readonly file: string;
}

/** What a move came to where it began. */
export interface ClosedMove {
  readonly move: string;
  /** Sagas that were closed, or go on here, by this order. */
  readonly sagas: number;
}

/** See moving.ts. */
export function finishMove(options: CloseMoveOptions): Promise<ClosedMove> {
  return close(options, 'gone', haveGone);
}

/** See moving.ts. */
export async function takeBackMove(options: CloseMoveOptions): Promise<ClosedMove> {
  const closed = await close(options, 'back', goBack);
  await rm(options.file); // nobody shall import it any more
  return closed;
}

function close(
  options: CloseMoveOptions,
  phase: 'gone' | 'back',
  work: typeof haveGone,
): Promise<ClosedMove> {
  return withOwnedStore(options, false, async (owned) => {
    const { move, place } = await checkedHeader(options.file);
    const leaving = await notedOf(owned, move, 'leaving');
    const isKnown =
      leaving.length > 0 || (await owned.reads.ofMove(move, 'gone', '', 1)).length > 0;
    if (!isKnown) {
      const message = `${owned.name}: it knows no move ${move}; name the database it came from`;
      throw new BackstepError('not-found', message);
    }
    if (phase === 'back' && leaving.length === 0) {
      const message = `${owned.name}: the sagas of move ${move} have left, as somebody said`;
      throw new BackstepError('not-legal', message);
    }
    const inbound = { kind: 'move', phase, move, place, ...authorOf(options) } as const;
    const tell = (done: number): void =>
      options.onProgress?.({ phase: 'closing', done, total: leaving.length });
    await eachOf(leaving, tell, (noted) => work(owned, noted, inbound, Date.now()));
    return { move, sagas: leaving.length };
  });
}
