/**
 * What clusters of tests left behind whose makers and keepers were both killed.
 */
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The folder of a cluster is named so, followed by the id of the process that made it. */
export const CLUSTER_PREFIX = 'backstep-postgres-';

const FORGOTTEN_AFTER_MS = 60 * 60_000;

/** Folders whose makers and keepers were both killed. */
export function removeForgotten(): void {
  for (const name of readdirSync(tmpdir())) {
    const maker = new RegExp(`^${CLUSTER_PREFIX}(\\d+)-`).exec(name)?.[1];
    if (maker === undefined || isAlive(Number(maker))) continue;
    const folder = join(tmpdir(), name);
    const server = serverOf(folder);
    const age = Date.now() - (statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age < FORGOTTEN_AFTER_MS || (server > 0 && isAlive(server))) continue;
    rmSync(folder, { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The id of its process; 0 where none is noted. */
function serverOf(folder: string): number {
  try {
    return Number.parseInt(readFileSync(join(folder, 'data/postmaster.pid'), 'utf8'), 10);
  } catch {
    return 0;
  }
}
