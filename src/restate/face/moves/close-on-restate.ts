/**
 * The end of a move off Restate: the sagas have left, or go on there after all. Either may be ordered
 * again.
 */
import { rm } from 'node:fs/promises';
import { BackstepError } from '../../../core/errors.ts';
import {
  assertAllInFile,
  type ClosedMove,
  type CloseMoveOptions,
} from '../../../host/moves/close-move.ts';
import { assertNotImported } from '../../../host/moves/destinations.ts';
import { authorOf } from '../../../host/moves/export-sagas.ts';
import { checkedFile } from '../../../host/moves/move-file.ts';
import { type RestateAt, throughDoor } from './door.ts';
import { isLeaving, noting, sagasThere } from './kept-on-restate.ts';
import { closeEach } from './stand-still.ts';

export interface RestateCloseOptions
  extends RestateAt, Pick<CloseMoveOptions, 'file' | 'force' | 'by' | 'reason' | 'onProgress'> {}

/** See moving.ts. */
export function finishMoveOnRestate(options: RestateCloseOptions): Promise<ClosedMove> {
  return close(options, 'gone');
}

/** See moving.ts. */
export async function takeBackMoveOnRestate(options: RestateCloseOptions): Promise<ClosedMove> {
  const closed = await close(options, 'back');
  await rm(options.file); // nobody shall import it any more
  return closed;
}

async function close(options: RestateCloseOptions, phase: 'gone' | 'back'): Promise<ClosedMove> {
  const { file, onProgress } = options;
  const { move, imported } = await checkedFile(file);
  return throughDoor(options, move, async (door) => {
    const noted = await sagasThere(door.admin, noting(move));
    const isGone = noted.some(({ moves }) =>
      moves.some((note) => note.move === move && note.phase === 'gone'),
    );
    const leaving = noted.filter((saga) => isLeaving(saga, move)).map(({ id }) => id);
    if (leaving.length === 0 && !isGone) {
      const message = `${door.name}: it knows no move ${move}; name where its sagas came from`;
      throw new BackstepError('not-found', message);
    }
    if (phase === 'back' && leaving.length === 0) {
      const message = `${door.name}: the sagas of move ${move} have left, as somebody said`;
      throw new BackstepError('not-legal', message);
    }
    if (phase === 'back') assertNotImported(options, imported);
    else await assertAllInFile(file, leaving);
    const closing = { move, phase, ...authorOf(options) };
    const tell = onProgress === undefined ? {} : { onProgress };
    return { move, sagas: await closeEach(door, leaving, { ...closing, ...tell }) };
  });
}
