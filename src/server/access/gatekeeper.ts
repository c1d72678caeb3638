/**
 * Who a request comes from: the bearer of the token, or somebody who logged in with it. Counts the
 * failures of each client and, past a bound, answers no more of them for a while.
 *
 * Must never tell by its timing how much of a guess was right, and never shut the right token out:
 * many may come from one address. It has at least 128 bits, so that no number of guesses finds it.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Revocations } from './revocations.ts';
import { type Session, Sessions } from './sessions.ts';
import { TokenBuckets } from './token-buckets.ts';

/** Wrong tokens that a client may send at once, and how fast it gets further ones. */
const FAILED_LOGINS = { capacity: 10, perSecond: 0.1 };

/** What came of looking at a request or a login. */
export type Verdict =
  | { readonly kind: 'known'; readonly session: Session; readonly isByCookie?: true }
  | { readonly kind: 'unknown' }
  /** Wrong, and too many were before it. */
  | { readonly kind: 'blocked'; readonly retryAfterMs: number };

const ANONYMOUS: Session = { operator: '' };

export class Gatekeeper {
  readonly #expected: Buffer;
  readonly #sessions: Sessions;
  readonly #revocations: Revocations;
  readonly #failures = new TokenBuckets(FAILED_LOGINS);

  constructor(token: string, revocations: Revocations) {
    this.#revocations = revocations;
    this.#expected = digest(token);
    this.#sessions = new Sessions(token);
  }

  /** Looks at the cookie of a session, then at `Authorization`. */
  async identify(
    cookie: string | undefined,
    authorization: string | null,
    client: string,
    nowMs: number,
  ): Promise<Verdict> {
    const session = cookie === undefined ? null : await this.#open(cookie, nowMs);
    if (session !== null) return { kind: 'known', session, isByCookie: true };
    const given = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    // A header without a bearer token does not count as a guess.
    if (given === undefined) return { kind: 'unknown' };
    return this.check(given, client, nowMs);
  }

  /** Whether the session of a cookie is over, or was ended at whichever process. */
  async hasEnded(cookie: string, nowMs: number): Promise<boolean> {
    return (await this.#open(cookie, nowMs)) === null;
  }

  async #open(cookie: string, nowMs: number): Promise<Session | null> {
    const session = this.#sessions.read(cookie, nowMs);
    if (session === null) return null;
    await this.#revocations.ready(nowMs);
    return this.#revocations.isRevoked(session) ? null : session;
  }

  /** Looks at a token. */
  check(token: string, client: string, nowMs: number): Verdict {
    // Digests have one length, so that the comparison tells nothing about the token.
    if (timingSafeEqual(digest(token), this.#expected)) {
      return { kind: 'known', session: ANONYMOUS };
    }
    const retryAfterMs = this.#failures.take(client, nowMs);
    return retryAfterMs > 0 ? { kind: 'blocked', retryAfterMs } : { kind: 'unknown' };
  }

  /** Ends the session of a cookie for good; one that is not ours is none. */
  async end(cookie: string, nowMs: number): Promise<void> {
    const session = this.#sessions.read(cookie, nowMs);
    if (session !== null) await this.#revocations.revoke(session, nowMs);
  }

  /** The cookie's value for somebody whose token was right. */
  issue(session: Session, nowMs: number): string {
    return this.#sessions.issue(session, nowMs);
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
