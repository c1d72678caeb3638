/** A file system of a few megabytes in memory, where this user may mount one. */
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
  const run = (program: string, ...args: string[]): void =>
    void execFileSync(program, args, { stdio: 'pipe' });
  try {
    run('mount', '-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder);
  } catch (error) {
    const why = error instanceof Error ? error.message.trim().split('\n').at(-1) : '';
    return `mounting is not allowed here (${why})`;
  }
  return {
    folder,
    makeReadOnly: () => run('mount', '-o', 'remount,ro', folder),
    // Lazily: the server that uses it may still be about to end.
    unmount: () => run('umount', '-l', folder),
  };
}
