/**
 * The names by which the same thing is found again: the object of a start key, a message that comes
 * twice. Pure.
 */
import { createHash } from 'node:crypto';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
/** Digits of five bits: 125 bits of the hash. */
const DIGITS = 25;

/**
 * The id of the saga that a start key names. The same key gives the same object, which takes one
 * call after the other, so that equal starts need no lock to make one saga. Not sorted by time.
 */
export function keyedSagaId(type: string, key: string): string {
  return `k${digitsOf(createHash('sha256').update(`${type}\0${key}`).digest())}`;
}

/** A hash as the digits of an id. */
export function digitsOf(hash: Uint8Array): string {
  let bits = 0n;
  for (const byte of hash.subarray(0, 16)) bits = (bits << 8n) | BigInt(byte);
  let digits = '';
  for (let at = 0; at < DIGITS; at++) {
    digits = `${ALPHABET[Number(bits & 31n)] ?? '0'}${digits}`;
    bits >>= 5n;
  }
  return digits;
}

/** The delivery key of a message of a turn: the same however often it is handed over. */
export function messageKey(sagaId: string, seq: number, index: number): string {
  return `message-${sagaId}-${seq}-${index}`;
}
