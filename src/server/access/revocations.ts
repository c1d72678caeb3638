/**
 * Sessions that were logged out of: refused at once, and after a restart too; within a second where
 * it was at another process over the same database.
 *
 * Bounded: past `MAX_REVOKED` every session that was begun so far is ended instead of one. Must
 * never let a session in before it is known which were ended. Invariant: what `revoke` was told is
 * refused from then on, whether or not it could be stored.
 */
import { BackstepError } from '../../core/errors.ts';
import {
  EVERY_SESSION,
  revokedSessions,
  revokeWrites,
  type RevokedSession,
} from '../../store/queries/revoked-sessions.ts';
import type { Store } from '../../store/store.ts';

/** Ended sessions that are remembered one by one. */
const MAX_REVOKED = 10_000;

/** What a cookie says of its session. */
export interface SessionTimes {
  readonly id: string;
  readonly beganMs: number;
  readonly untilMs: number;
}

/** How long what is known of other processes' log-outs holds while sessions are used. */
const KNOWN_FOR_MS = 1_000;

export class Revocations {
  readonly #store: Pick<Store, 'write' | 'tables'>;
  /** By id, when each is over by itself. */
  readonly #ended = new Map<string, number>();
  /** Sessions that began before this time are ended. */
  #everyBeforeMs = 0;
  #loading: Promise<void> | null = null;
  #loadedAtMs: number | null = null;

  constructor(store: Pick<Store, 'write' | 'tables'>) {
    this.#store = store;
  }

  /**
   * Resolves once it is known which sessions other processes ended, before this one and beside it.
   * Where the database cannot be read just now, what was known last stands.
   */
  async ready(nowMs: number): Promise<void> {
    const isKnown = this.#loadedAtMs !== null;
    if (isKnown && Math.abs(nowMs - (this.#loadedAtMs ?? 0)) < KNOWN_FOR_MS) return;
    this.#loading ??= this.#load(nowMs).finally(() => {
      this.#loading = null;
    });
    try {
      await this.#loading;
    } catch (error) {
      if (!isKnown) throw error; // the next request tries again
    }
    this.#loadedAtMs = nowMs;
  }

  /** To be asked once `ready`. */
  isRevoked({ id, beganMs }: SessionTimes): boolean {
    return beganMs < this.#everyBeforeMs || this.#ended.has(id);
  }

  /** Resolves once it is durable. Throws `unavailable` when it cannot be. */
  async revoke(session: SessionTimes, nowMs: number): Promise<void> {
    this.#forgetOver(nowMs);
    const isFull = this.#ended.size >= MAX_REVOKED;
    const { id, untilMs } = session;
    // Of the same moment a session is ended too: whoever just came in logs in once more.
    const ended = isFull ? { id: EVERY_SESSION, untilMs: nowMs + 1 } : { id, untilMs };
    this.#note(ended);
    const outcome = await this.#store.write(revokeWrites(this.#store.tables(), ended, nowMs));
    if (outcome.kind === 'committed') return;
    const message = 'this session is ended, but may be open again after a restart: log out again';
    throw new BackstepError('unavailable', message);
  }

  async #load(nowMs: number): Promise<void> {
    this.#forgetOver(nowMs);
    const all = await revokedSessions(this.#store.tables(), MAX_REVOKED + 1);
    for (const session of all) this.#note(session);
  }

  /** Cookies that are over by themselves. */
  #forgetOver(nowMs: number): void {
    for (const [id, untilMs] of this.#ended) if (untilMs <= nowMs) this.#ended.delete(id);
  }

  #note({ id, untilMs }: RevokedSession): void {
    if (id === EVERY_SESSION) this.#everyBeforeMs = Math.max(this.#everyBeforeMs, untilMs);
    else this.#ended.set(id, untilMs);
  }
}
