/**
 * Files that keep what is nobody else's business: whether others on this machine may read them.
 *
 * Tells and changes nothing: a group may be meant to read them, for a backup or from a mounted
 * secret, and only their owner knows.
 */
import { statSync } from 'node:fs';
import type { Logger } from '../host/turn-log.ts';

const OTHERS = 0o077;

/** Warns of a file that others than its owner may read or write; of none where there is none. */
export function warnOfOpenFile(path: string, what: string, log: Pick<Logger, 'warn'>): void {
  // On Windows the mode bits say nothing.
  if (process.platform === 'win32') return;
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
  if ((mode & OTHERS) === 0) return;
  const shown = (mode & 0o777).toString(8);
  log.warn({ path, mode: shown }, `others may read ${what}; make it yours alone: chmod 600`);
}
