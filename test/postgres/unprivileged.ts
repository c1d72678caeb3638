/**
 * Who PostgreSQL's programs run as: not root, whoever runs the tests.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** For `spawn`; empty: as this process. */
export interface Identity {
  readonly uid?: number;
  readonly gid?: number;
}

/** PostgreSQL does not run as root: then as its own user, or as nobody. */
export function unprivileged(): Identity {
  if (process.getuid?.() !== 0) return {};
  for (const name of ['postgres', 'nobody']) {
    const uid = spawnSync('id', ['-u', name], { encoding: 'utf8' });
    if (uid.status !== 0) continue;
    const gid = execFileSync('id', ['-g', name], { encoding: 'utf8' });
    return { uid: Number(uid.stdout), gid: Number(gid) };
  }
  throw new Error('PostgreSQL does not run as root, and there is no other user');
}

/** The programs, or a copy where that user may not look into the folder they are in. */
export function reachableBy({ uid }: Identity, programs: string, folder: string): string {
  const initdb = realpathSync(join(programs, 'initdb'));
  if (uid === undefined || isOpenToAll(dirname(initdb))) return dirname(initdb);
  const copy = join(folder, 'programs');
  cpSync(dirname(dirname(initdb)), copy, { recursive: true, verbatimSymlinks: true });
  return join(copy, basename(dirname(initdb)));
}

function isOpenToAll(path: string): boolean {
  const isOpen = (statSync(path).mode & 0o001) !== 0;
  return isOpen && (dirname(path) === path || isOpenToAll(dirname(path)));
}
