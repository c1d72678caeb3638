/**
 * Bounds how often each client may do something: a bucket of tokens per client that fills by time.
 *
 * Must never grow without end: the buckets used longest ago are forgotten first, which can only
 * give a client more.
 */

/** Clients remembered at a time. */
const MAX_BUCKETS = 10_000;

export interface BucketSize {
  /** Tokens of a full bucket: what may come at once. */
  readonly capacity: number;
  readonly perSecond: number;
}

interface Bucket {
  tokens: number;
  atMs: number;
}

export class TokenBuckets {
  readonly #size: BucketSize;
  readonly #buckets = new Map<string, Bucket>();

  constructor(size: BucketSize) {
    this.#size = size;
  }

  /** Takes a token; 0, or how long until there is one, in milliseconds. */
  take(client: string, nowMs: number): number {
    const bucket = this.#filled(client, nowMs);
    const waitMs = this.#waitMs(bucket);
    if (waitMs === 0) bucket.tokens -= 1;
    return waitMs;
  }

  #filled(client: string, nowMs: number): Bucket {
    const { capacity, perSecond } = this.#size;
    const known = this.#buckets.get(client);
    // A clock that was set back fills nothing and takes nothing away.
    const gained = known === undefined ? 0 : (Math.max(0, nowMs - known.atMs) / 1_000) * perSecond;
    const tokens = known === undefined ? capacity : Math.min(capacity, known.tokens + gained);
    const bucket = { tokens, atMs: nowMs };
    this.#buckets.delete(client); // the newest stands last
    this.#buckets.set(client, bucket);
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > MAX_BUCKETS && oldest !== undefined) this.#buckets.delete(oldest);
    return bucket;
  }

  #waitMs({ tokens }: Bucket): number {
    return tokens >= 1 ? 0 : Math.ceil(((1 - tokens) / this.#size.perSecond) * 1_000);
  }
}
