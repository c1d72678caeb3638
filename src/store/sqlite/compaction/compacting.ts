/** Writes a database file anew without the room that is free in it, in a thread of its own. */
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { BackstepError, type ErrorCode } from '../../../core/errors.ts';
import { startWorker } from '../../worker-url.ts';
import { assertFile, openForWriting, refused, resolveDatabaseFile } from '../database-file.ts';
import { acquireOwnerLock } from '../ownership/owner-lock.ts';

const LOOK_EVERY_MS = 100;

/** Bytes of a file, before and after. */
export interface CompactedFile {
  readonly bytesBefore: number;
  readonly bytes: number;
  /** Somebody looks at the file: it shrinks once they have left, at the latest with its next owner. */
  readonly isShrinkingLater: boolean;
}

/** How far it is: bytes that are written, of those that stay. */
export interface CompactionProgress {
  readonly done: number;
  readonly total: number;
}

export type FromCompacting =
  | { readonly kind: 'begun'; readonly usedBytes: number }
  | ({ readonly kind: 'done' } & CompactedFile)
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string };

/**
 * Compacts a file that nobody owns. SQLite does it in one transaction: a crash leaves the file as it
 * was, and whoever writes to it meanwhile, a row of the inbox for example, waits. Throws
 * `storage-refused`, or `unavailable` where that may pass.
 */
export async function compactFile(
  path: string,
  lockWaitMs: number,
  onProgress: (progress: CompactionProgress) => void,
): Promise<CompactedFile> {
  assertFile(path);
  if (statSync(path).size === 0) throw refused(path, 'there is nothing in it', 'check the path');
  const realPath = resolveDatabaseFile(path);
  const lock = await acquireOwnerLock(realPath, lockWaitMs);
  try {
    openForWriting(realPath, 0).close(); // refuses what is not ours
    const compacted = await inThread(realPath, onProgress);
    lock.release();
    return compacted;
  } catch (thrown) {
    lock.releaseAfter(thrown);
    throw thrown;
  }
}

async function inThread(
  realPath: string,
  onProgress: (progress: CompactionProgress) => void,
): Promise<CompactedFile> {
  const worker = startWorker('compacting-worker', import.meta.url, realPath);
  let end: FromCompacting | undefined;
  let look: NodeJS.Timeout | undefined;
  worker.on('message', (message: FromCompacting) => {
    if (message.kind !== 'begun') return void (end = message);
    const { usedBytes: total } = message;
    onProgress({ done: 0, total });
    // What stays is gathered first, in a file without a name; then it is written to the log.
    look = setInterval(() => {
      const logged = statSync(`${realPath}-wal`, { throwIfNoEntry: false })?.size ?? 0;
      onProgress({ done: Math.min(logged, total), total });
    }, LOOK_EVERY_MS);
  });
  try {
    // Its connection must be closed: the last one that closes puts the log into the file.
    await once(worker, 'exit');
  } finally {
    clearInterval(look);
  }
  if (end?.kind === 'done') {
    const { kind: _, ...compacted } = end;
    return compacted;
  }
  if (end?.kind === 'failed') throw new BackstepError(end.code, end.message);
  throw new Error('the thread that compacts ended by itself');
}
