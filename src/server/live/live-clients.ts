/**
 * Everybody who listens: feeds and pages, over WebSocket or server-sent events. Counts them, caps
 * them, and drops those that no longer answer.
 *
 * Invariant: a client that is not on the list gets nothing and costs nothing.
 */
import { HttpProblem } from '../error-response.ts';

/** Most clients at a time, unless configured. */
export const DEFAULT_MAX_CLIENTS = 200;
/** Pause between two looks at every client. */
const KEEPALIVE_MS = 20_000;

/** One listener. */
export interface LiveClient {
  /** Called in every round. `false`: it did not answer since the last one; it is dropped. */
  isAlive(): boolean;
  /** Ends it at once, without waiting for the other side. */
  drop(): void;
  /** The cookie of the session that let it in; empty or left out: none did. */
  readonly session?: string;
}

export interface LiveFigures {
  readonly clients: number;
  /** How often a slow client was sent back to the journal. */
  readonly resyncs: number;
}

/** Starts its timer with the first client and stops it with the last. */
export class LiveClients {
  readonly #clients = new Set<LiveClient>();
  readonly #maxClients: number;
  readonly #hasEnded: (session: string) => Promise<boolean>;
  #rounds: NodeJS.Timeout | undefined;
  #resyncs = 0;

  /** `hasEnded`: whether a session lets nobody in any more. Default: none ends. */
  constructor(
    maxClients = DEFAULT_MAX_CLIENTS,
    hasEnded: (session: string) => Promise<boolean> = async () => false,
  ) {
    this.#maxClients = maxClients;
    this.#hasEnded = hasEnded;
  }

  /** Throws `clients-full`. To be asked before an upgrade is answered. */
  requireRoom(): void {
    if (this.#clients.size < this.#maxClients) return;
    throw new HttpProblem('clients-full', `At most ${this.#maxClients} live clients are served.`);
  }

  /** Adds a client and returns the way to remove it; `null`: there is no room any more. */
  add(client: LiveClient): (() => void) | null {
    if (this.#clients.size >= this.#maxClients) return null;
    this.#clients.add(client);
    this.#rounds ??= setInterval(() => void this.round(), KEEPALIVE_MS).unref();
    return () => this.#remove(client);
  }

  /** Looks at every client once, and at its session; the timer's work, callable by tests. */
  async round(): Promise<void> {
    for (const client of this.#clients) {
      if (client.isAlive()) continue;
      this.#remove(client);
      client.drop();
    }
    // One that was ended at another process, or whose time is over.
    for (const session of new Set(Array.from(this.#clients, (client) => client.session ?? ''))) {
      // What cannot be looked at now is looked at in the next round.
      const isOver = session !== '' && (await this.#hasEnded(session).catch(() => false));
      if (isOver) this.endSession(session);
    }
  }

  /** Ends everybody who came in with this session: whoever logged out hears no more. */
  endSession(session: string): void {
    if (session === '') return;
    for (const client of this.#clients) {
      if (client.session !== session) continue;
      this.#remove(client);
      client.drop();
    }
  }

  noteResync(): void {
    this.#resyncs += 1;
  }

  figures(): LiveFigures {
    return { clients: this.#clients.size, resyncs: this.#resyncs };
  }

  #remove(client: LiveClient): void {
    this.#clients.delete(client);
    if (this.#clients.size > 0) return;
    clearInterval(this.#rounds);
    this.#rounds = undefined;
  }
}
