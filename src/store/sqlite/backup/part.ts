/**
 * Files that are being made beside the one that they are for.
 *
 * Each has a lock beside it, of the operating system, that is made before it and goes after it. So
 * what a killed process left is known by a lock that nobody holds, and is removed by whoever makes a
 * copy in that folder, or opens a database in it, next. Invariant: nothing is removed that has no such
 * lock, or that anybody works on.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { refused } from '../database-file.ts';
import { lockAlone } from '../ownership/owner-lock.ts';

const LOCK_OF_PART = /\.[0-9a-f]{8}\.part\.lock$/;
const LOCK = '.lock';

/** Runs `work` with the name of a file beside `path`, which is gone afterwards. */
export async function asPart<Result>(
  path: string,
  work: (part: string) => Promise<Result>,
): Promise<Result> {
  const folder = dirname(path);
  if (!existsSync(folder)) throw refused(path, 'there is no such folder', 'make it');
  removeLeftovers(folder);
  const part = `${path}.${randomBytes(4).toString('hex')}.part`;
  const lock = lockAlone(part + LOCK);
  try {
    return await work(part);
  } finally {
    remove(part);
    lock?.release();
  }
}

/** Removes what killed processes left in a folder. What cannot be removed stays. */
export function removeLeftovers(folder: string): void {
  try {
    for (const name of readdirSync(folder)) {
      if (!LOCK_OF_PART.test(name)) continue;
      const lock = lockAlone(join(folder, name));
      if (lock === null) continue;
      remove(join(folder, name.slice(0, -LOCK.length)));
      lock.release();
    }
  } catch {
    // It may be another one's folder, or not be there: whoever needs it is told by what it does there.
  }
}

// The lock last: what is cut off before is removed by the next one.
function remove(part: string): void {
  for (const suffix of ['', '-journal', '-wal', '-shm', LOCK])
    rmSync(part + suffix, { force: true });
}
