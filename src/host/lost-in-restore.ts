/**
 * What a database that was restored from a backup says of a saga that it does not have: whoever knows
 * its id may have started it after the backup was made. Its id says when it was born.
 */
import { isoText } from '../core/iso-time.ts';
import type { Restored } from '../store/store.ts';
import { bornAtMs } from './starts/saga-id.ts';

/** A saga may be born so long before the commit that its start becomes durable with. */
const MAX_START_MS = 60_000;

/**
 * A sentence's second half where the saga may have been lost with a restore; else nothing.
 *
 * @param restored what the health says
 */
export function lostInRestore(id: string, restored: Restored | undefined): string {
  const bornMs = bornAtMs(id);
  if (restored === undefined || bornMs === null) return '';
  const { copiedAtMs, restoredAtMs } = restored;
  const isBefore = copiedAtMs !== null && bornMs < copiedAtMs - MAX_START_MS;
  if (isBefore || bornMs > restoredAtMs) return '';
  const from = copiedAtMs === null ? 'a backup' : `a backup of ${isoText(copiedAtMs)}`;
  return `: it was started after ${from}, from which this database was restored at ${isoText(restoredAtMs)}`;
}

/** The restore that a health tells of, if any. */
export function restoredIn(health: object): Restored | undefined {
  return 'restored' in health ? (health.restored as Restored) : undefined;
}
