/**
 * The end of a move off Restate: the sagas have left, or go on there after all. Either may be ordered
 * again.
 */
import {
  type ClosedMove,
  type CloseMoveOptions,
  closeWhereBegun,
} from '../../../host/moves/close-move.ts';
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
export function takeBackMoveOnRestate(options: RestateCloseOptions): Promise<ClosedMove> {
  return close(options, 'back');
}

async function close(options: RestateCloseOptions, phase: 'gone' | 'back'): Promise<ClosedMove> {
  const { onProgress } = options;
  const file = await checkedFile(options.file);
  const { move } = file;
  return throughDoor(options, move, async (door) => {
    const noted = await sagasThere(door.admin, noting(move));
    const hasGone = noted.some(({ moves }) =>
      moves.some((note) => note.move === move && note.phase === 'gone'),
    );
    const leaving = noted.filter((saga) => isLeaving(saga, move)).map(({ id }) => id);
    const tell = onProgress === undefined ? {} : { onProgress };
    const closing = { move, phase, ...authorOf(options), ...tell };
    return closeWhereBegun(options, phase, file, {
      name: door.name,
      fullName: door.name,
      leaving,
      hasGone,
      close: () => closeEach(door, leaving, closing),
    });
  });
}
