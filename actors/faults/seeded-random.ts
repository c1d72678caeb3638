/**
 * Chance that repeats: a generator from a seed.
 *
 * Must never be used where chance protects something. Invariant: same seed, same sequence.
 */

/**
 * Numbers of at least 0, below 1. Mulberry32: its whole state is one 32-bit number, of which the
 * seed gives the first.
 */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
