/**
 * The end of a move where the sagas came from: they have left, or go on there after all. Either may
 * be ordered again.
 */
import { rm } from 'node:fs/promises';
import { BackstepError } from '../../core/errors.ts';
import { eachOf } from './each-at-once.ts';
import { authorOf, notedOf, type OrderedBy, TOLD_AT_ONCE } from './export-sagas.ts';
import { goBack, haveGone } from './leaving.ts';
import { isNotedBack, noteBack } from './destinations.ts';
import { type CheckedFile, checkedFile, linesIn } from './move-file.ts';
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
export function takeBackMove(options: CloseMoveOptions): Promise<ClosedMove> {
  return close(options, 'back', goBack);
}

function close(
  options: CloseMoveOptions,
  phase: 'gone' | 'back',
  work: typeof haveGone,
): Promise<ClosedMove> {
  return withOwnedStore(options, { isMade: false, isTrial: false }, async (owned) => {
    const file = await checkedFile(options.file);
    const { move, place } = file;
    const leaving = await notedOf(owned, move, 'leaving');
    const gone = await owned.reads.ofMove(move, 'gone', '', 1);
    const inbound = { kind: 'move', phase, move, place, ...authorOf(options) } as const;
    const tell = (done: number): void =>
      options.onProgress?.({ phase: 'closing', done, total: leaving.length });
    return closeWhereBegun(options, phase, file, {
      ...owned,
      leaving: leaving.map((noted) => noted.saga_id),
      hasGone: gone.length > 0,
      async close() {
        await eachOf(leaving, TOLD_AT_ONCE, tell, (noted) =>
          work(owned, noted, inbound, Date.now()),
        );
        return leaving.length;
      },
    });
  });
}

/** Where a move began, and what is known of it there. */
export interface MoveBegun {
  /** As people may see it. */
  readonly name: string;
  /** The same so that it is known again. */
  readonly fullName: string;
  /** Sagas that leave still. */
  readonly leaving: readonly string[];
  /** Some were closed before as those that have left. */
  readonly hasGone: boolean;
  /** Closes those that leave; gives how many it were. */
  close(): Promise<number>;
}

/**
 * Closes a move, whichever host it began on. Throws as `finishMove`.
 *
 * Crash points of a way back: before the first saga goes on here the file says so, as it would of an
 * import, so that it is imported nowhere any more; it goes last, and until then the order may be given
 * again.
 */
export async function closeWhereBegun(
  { file, force = false }: Pick<CloseMoveOptions, 'file' | 'force'>,
  phase: 'gone' | 'back',
  { move, imported }: CheckedFile,
  begun: MoveBegun,
): Promise<ClosedMove> {
  const { name, leaving, hasGone } = begun;
  const wentBack = isNotedBack(begun, imported);
  if (wentBack && phase === 'gone') {
    const message = `${file}: its sagas are being taken back; order that again with --back`;
    throw new BackstepError('conflict', message);
  }
  if (leaving.length === 0 && !hasGone && !wentBack) {
    const message = `${name}: it knows no move ${move}; name where its sagas came from`;
    throw new BackstepError('not-found', message);
  }
  if (phase === 'gone') {
    await assertAllInFile(file, leaving);
    return { move, sagas: await begun.close() };
  }
  if (leaving.length === 0 && !wentBack) {
    const message = `${name}: the sagas of move ${move} have left, as somebody said`;
    throw new BackstepError('not-legal', message);
  }
  await noteBack(begun, { file, force }, imported);
  const sagas = await begun.close();
  await rm(file);
  return { move, sagas };
}

/**
 * An export that did not come to its end has let more of them leave than the file of the one before
 * it has: those would be over here without having come anywhere. Throws `conflict`.
 */
async function assertAllInFile(file: string, leaving: readonly string[]): Promise<void> {
  const left = new Set(leaving);
  for await (const line of linesIn(file)) if ('saga' in line) left.delete(line.saga.id);
  const [first] = left;
  if (first === undefined) return;
  const why = `it lacks ${left.size} that leave by this move, saga ${first} the first`;
  const cure = 'order the export again, import the file again, then close the move';
  throw new BackstepError('conflict', `${file}: ${why}; ${cure}`);
}
