/**
 * The W3C header `traceparent`: which trace something belongs to, and below which span of it. What a
 * saga keeps of the trace that it was started in.
 *
 * Invariant: what `readTraceparent` gives is of version 00, 55 characters long.
 */

const TRACEPARENT = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/;
const NO_TRACE = '0'.repeat(32);
const NO_SPAN = '0'.repeat(16);

/**
 * The header as a saga keeps it; `null`: it is none, and is to be ignored. Of a later version the
 * parts that version 00 has are taken, as the standard says.
 */
export function readTraceparent(text: string): string | null {
  const [, version, traceId, spanId, flags, more] = TRACEPARENT.exec(text) ?? [];
  if (version === undefined || version === 'ff') return null;
  if (version === '00' && more !== undefined) return null;
  if (traceId === NO_TRACE || spanId === NO_SPAN) return null;
  return `00-${traceId}-${spanId}-${flags}`;
}

/** The parts of what `readTraceparent` gave. */
export function partsOfTraceparent(traceparent: string): {
  readonly traceId: string;
  readonly spanId: string;
  /** Bits; 1: sampled. */
  readonly flags: number;
} {
  return {
    traceId: traceparent.slice(3, 35),
    spanId: traceparent.slice(36, 52),
    flags: Number.parseInt(traceparent.slice(53, 55), 16),
  };
}
