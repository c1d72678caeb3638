/**
 * Whether a file can grow where a database lies: asks the disk by writing a little beside it.
 *
 * Must never touch the database's own files.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { isNoRoom } from '../passing-errno.ts';

/** More than SQLite needs for a page, and than a file system keeps inside of an inode. */
const PROBE_BYTES = 65_536;

/** True when the disk, or what this user may use of it, is full. */
export function hasNoRoom(realPath: string): boolean {
  const probe = `${realPath}-probe`;
  try {
    writeFileSync(probe, Buffer.alloc(PROBE_BYTES, 1), { mode: 0o600 });
    return false;
  } catch (thrown) {
    return isNoRoom(thrown);
  } finally {
    remove(probe);
  }
}

function remove(probe: string): void {
  try {
    rmSync(probe, { force: true });
  } catch {
    // The file stays: the next probe writes over it.
  }
}
