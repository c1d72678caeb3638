/**
 * Where the programs that tests start keep what Node made of their sources, within a bound: every
 * checkout adds its own files, and Node removes none.
 */
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const COMPILE_CACHE =
  process.env['NODE_COMPILE_CACHE'] ?? join(tmpdir(), 'backstep-compile-cache');

/** One checkout needs about 40 MB. */
const MAX_BYTES = 256 * 1024 * 1024;

/**
 * Removes the oldest files until the rest takes half of the bound, where all take more than it. What
 * a program misses it compiles again.
 */
export function boundCompileCache(folder = COMPILE_CACHE, maxBytes = MAX_BYTES): void {
  if (!existsSync(folder)) return;
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    if (!entry.isFile()) return [];
    const path = join(entry.parentPath, entry.name);
    const found = statSync(path, { throwIfNoEntry: false });
    return found === undefined ? [] : [{ path, bytes: found.size, atMs: found.mtimeMs }];
  });
  let left = files.reduce((sum, { bytes }) => sum + bytes, 0);
  if (left <= maxBytes) return;
  for (const { path, bytes } of files.toSorted((one, other) => one.atMs - other.atMs)) {
    if (left <= maxBytes / 2) return;
    rmSync(path, { force: true }); // another run may be quicker
    left -= bytes;
  }
}
