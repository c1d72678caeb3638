/**
 * What errors of the operating system mean for whoever cannot go on because of them.
 *
 * Node names most of them in `code`, but not a spent quota: that is told by its number alone.
 */
import { constants } from 'node:os';

/** A disk with room again, or a machine with less to do, cures these. */
const PASSING: readonly string[] = (
  'ENOSPC EDQUOT EIO ENOMEM EMFILE ENFILE ENOLCK ' +
  'EAGAIN EBUSY EINTR ETIMEDOUT ESTALE ENOTCONN EHOSTDOWN'
).split(' ');
const NO_ROOM: readonly string[] = ['ENOSPC', 'EDQUOT'];

/** True for an error that may pass; any other stays until a person mends it. */
export function isPassingErrno(thrown: unknown): boolean {
  return isOneOf(PASSING, thrown);
}

/** True when the disk, or what this user may use of it, is full. */
export function isNoRoom(thrown: unknown): boolean {
  return isOneOf(NO_ROOM, thrown);
}

function isOneOf(names: readonly string[], thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false;
  const code: unknown = Reflect.get(thrown, 'code');
  const errno: unknown = Reflect.get(thrown, 'errno');
  if (names.some((name) => name === code)) return true;
  return typeof errno === 'number' && names.some((name) => numberOf(name) === -errno);
}

function numberOf(name: string): number | undefined {
  return Object.entries(constants.errno).find(([known]) => known === name)?.[1];
}
