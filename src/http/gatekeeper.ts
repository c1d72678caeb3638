/**
 * Who a request comes from: the bearer of the token, or somebody who logged in with it. Counts the
 * failures of each client and, past a bound, looks at no more of its guesses for a while.
 *
 * Must never tell by its timing how much of a guess was right.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { type Session, Sessions } from './sessions.ts';
import { TokenBuckets } from './token-buckets.ts';

/** Wrong tokens that a client may send at once, and how fast it gets further ones. */
const FAILED_LOGINS = { capacity: 10, perSecond: 0.1 };

/** What came of looking at a request or a login. */
export type Verdict =
  | { readonly kind: 'known'; readonly session: Session }
  | { readonly kind: 'unknown' }
  /** Too many failures: even the right token is not looked at. */
  | { readonly kind: 'blocked'; readonly retryAfterMs: number };

const ANONYMOUS: Session = { operator: '' };

export class Gatekeeper {
  readonly #expected: Buffer;
  readonly #sessions: Sessions;
  readonly #failures = new TokenBuckets(FAILED_LOGINS);

  constructor(token: string) {
    this.#expected = digest(token);
    this.#sessions = new Sessions(token);
  }

  /** Looks at the cookie of a session, then at `Authorization`. */
  identify(
    cookie: string | undefined,
    authorization: string | null,
    client: string,
    nowMs: number,
  ): Verdict {
    const session = cookie === undefined ? null : this.#sessions.read(cookie, nowMs);
    // A signature cannot be guessed, so those who are logged in are never locked out.
    if (session !== null) return { kind: 'known', session };
    const given = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    // What is no bearer token is no guess either.
    if (given === undefined) return { kind: 'unknown' };
    return this.check(given, client, nowMs);
  }

  /** Looks at a token. */
  check(token: string, client: string, nowMs: number): Verdict {
    const retryAfterMs = this.#failures.waitMs(client, nowMs);
    if (retryAfterMs > 0) return { kind: 'blocked', retryAfterMs };
    // Digests have one length, so that the comparison tells nothing about the token.
    if (timingSafeEqual(digest(token), this.#expected)) {
      return { kind: 'known', session: ANONYMOUS };
    }
    this.#failures.take(client, nowMs);
    return { kind: 'unknown' };
  }

  /** The cookie's value for somebody whose token was right. */
  issue(session: Session, nowMs: number): string {
    return this.#sessions.issue(session, nowMs);
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
