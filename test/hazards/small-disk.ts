/** A small file system in memory, or one file in two places, where this user may mount. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';

export interface SmallDisk {
  readonly folder: string;
  makeReadOnly(): void;
  unmount(): void;
}

/** Mounts it on a new folder; a text says why that was not allowed. */
export function mountSmallDisk(folder: string, bytes: number): SmallDisk | string {
  if (process.platform !== 'linux') return 'mounting is tried on Linux only';
  mkdirSync(folder);
  const why = tried('-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder);
  if (why !== null) return why;
  return {
    folder,
    makeReadOnly: () => run('mount', '-o', 'remount,ro', folder),
    // Lazily: the server that uses it may still be about to end.
    unmount: () => run('umount', '-l', folder),
  };
}

/** Mounts a file over another one; a text says why that was not allowed. */
export function mountFile(path: string, over: string): (() => void) | string {
  return tried('--bind', path, over) ?? (() => run('umount', over));
}

function tried(...args: string[]): string | null {
  try {
    run('mount', ...args);
    return null;
  } catch (error) {
    const why = error instanceof Error ? error.message.trim().split('\n').at(-1) : '';
    return `mounting is not allowed here (${why})`;
  }
}

function run(program: string, ...args: string[]): void {
  execFileSync(program, args, { stdio: 'pipe' });
}
