/**
 * The end of a move where the sagas came from: they have left, or go on there after all. Either may
 * be ordered again.
 */
import { rm } from 'node:fs/promises';
import { BackstepError } from '../../core/errors.ts';
import { authorOf, eachOf, notedOf, type OrderedBy } from './export-sagas.ts';
import { goBack, haveGone } from './leaving.ts';
import { assertNotImported } from './destinations.ts';
import { checkedFile, linesIn } from './move-file.ts';
import { type MoveDatabase, withOwnedStore } from './owned-store.ts';

export interface CloseMoveOptions extends MoveDatabase, OrderedBy {
  /** The file of the move. */
  readonly file: string;
  /**
   * To take it back although the file says where it was imported, because that database is gone.
   * Default false.
   */
  readonly force?: boolean;
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
  return withOwnedStore(options, { isMade: false, isTrial: false }, async (owned) => {
    const checked = await checkedFile(options.file);
    const { move, place } = checked;
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
    if (phase === 'back') assertNotImported(options, checked.imported);
    else
      await assertAllInFile(
        options.file,
        leaving.map((noted) => noted.saga_id),
      );
    const inbound = { kind: 'move', phase, move, place, ...authorOf(options) } as const;
    const tell = (done: number): void =>
      options.onProgress?.({ phase: 'closing', done, total: leaving.length });
    await eachOf(leaving, tell, (noted) => work(owned, noted, inbound, Date.now()));
    return { move, sagas: leaving.length };
  });
}

/**
 * An export that did not come to its end has let more of them leave than the file of the one before
 * it has: those would be over here without having come anywhere. Throws `conflict`.
 */
export async function assertAllInFile(file: string, leaving: readonly string[]): Promise<void> {
  const left = new Set(leaving);
  for await (const line of linesIn(file)) if ('saga' in line) left.delete(line.saga.id);
  const [first] = left;
  if (first === undefined) return;
  const why = `it lacks ${left.size} that leave by this move, saga ${first} the first`;
  const cure = 'order the export again, import the file again, then close the move';
  throw new BackstepError('conflict', `${file}: ${why}; ${cure}`);
}
