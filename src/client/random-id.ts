/**
 * Ids that nobody else makes, wherever it runs: a page without TLS has no `crypto.randomUUID`.
 */

const BYTES = 16;

/** 32 hexadecimal digits. */
export function randomId(): string {
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(BYTES));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
