/**
 * A small, fast, non-cryptographic hash for jitter and definition fingerprints. Two rounds of
 * FNV-1a (Fowler, Noll, Vo) with different offsets and a final avalanche give 64 bits of text.
 */

/** Sixteen hexadecimal digits; equal texts give equal digits on every machine. */
export function fingerprint(text: string): string {
  return hex(hash32(text)) + hex(fnv1a(text, 0x9747b28c));
}

/** A number in [0, 1) that depends on the text alone. */
export function unitInterval(text: string): number {
  return hash32(text) / 0x1_0000_0000;
}

/** The same as a whole number of 32 bits, such as a seed. */
export function hash32(text: string): number {
  return fnv1a(text, 0x811c9dc5);
}

function fnv1a(text: string, offset: number): number {
  let hash = offset;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  // FNV's high bits hardly move on a change in the last characters: the murmur3 finaliser mixes.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function hex(word: number): string {
  return word.toString(16).padStart(8, '0');
}
