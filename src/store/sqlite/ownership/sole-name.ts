/**
 * Whether a database file has one name only, with its log beside it.
 *
 * The lock and SQLite's log lie beside the name a file is opened by. A second name (a hard link, a
 * mount of the single file) has a lock and a log of its own, so two processes would own one file
 * and overwrite what the other one acknowledged. Must never open a file that it looks at: closing
 * a descriptor drops the POSIX locks that this process may hold on it.
 */
import { type BigIntStats, lstatSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { refused } from '../database-file.ts';

/** The database itself, and what SQLite keeps beside it. */
const SUFFIXES = ['', '-wal', '-shm'];
const MOUNTS = '/proc/self/mountinfo';
/** Which of its columns is the place; see proc(5). */
const MOUNT_POINT = 4;

/** Device and inode: what stays the same under every name; `null` when there is no such file. */
export function fileIdentity(path: string): string | null {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats === undefined ? null : `${stats.dev}:${stats.ino}`;
}

/** Throws `storage-refused` when another process could own the file by another name. */
export function assertSoleName(realPath: string): void {
  const folder = statSync(dirname(realPath), { bigint: true });
  for (const suffix of SUFFIXES) {
    const path = `${realPath}${suffix}`;
    const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    if (stats !== undefined) assertPlain(path, stats, folder);
  }
}

function assertPlain(path: string, stats: BigIntStats, folder: BigIntStats): void {
  if (!stats.isFile()) {
    const why = stats.isSymbolicLink() ? 'it is a link to another place' : 'it is not a file';
    throw refused(path, why, 'put the file itself there, beside its database');
  }
  if (stats.nlink > 1n) {
    const why = `it has ${stats.nlink} names (hard links), by each of which a process could own it`;
    throw refused(path, why, 'remove the other names, or copy it and give the path of the copy');
  }
  if (stats.dev !== folder.dev || mountPoints().has(path)) {
    const why = 'it is mounted as a single file, and its lock and its log are not';
    throw refused(path, why, 'mount the folder that it is in');
  }
}

/** Where something is mounted, as Linux tells it; elsewhere the device of the folder must do. */
function mountPoints(): ReadonlySet<string> {
  try {
    const lines = readFileSync(MOUNTS, 'latin1').split('\n');
    return new Set(lines.map((line) => unescaped(line.split(' ')[MOUNT_POINT] ?? '')));
  } catch {
    return new Set();
  }
}

/** Blanks and the like stand there as three octal digits, any other byte as it is. */
function unescaped(bytes: string): string {
  const all = bytes.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
  return Buffer.from(all, 'latin1').toString();
}
