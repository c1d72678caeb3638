/**
 * Clients of the live feed that read for as long as a long run lasts, each with a habit of its own:
 * they come back with their cursor after every end, and tell what was missing or doubled.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';

const COME_BACK_MS = 250;
/** A client that finds everything wrong tells only so much of it. */
const MAX_FAULTS = 20;

/** How a client reads. */
export interface FeedHabit {
  readonly name: string;
  /** Does not read for so long, reads for `readMs`, and so on. */
  readonly pauseMs?: number;
  readonly readMs?: number;
  /** Leaves so long after it came, and comes back. */
  readonly leaveAfterMs?: number;
}

/** What every message of the feed may have. */
export interface FeedMessage {
  readonly kind: string;
  readonly cursor: string;
  readonly saga?: string;
  readonly seq?: number;
  readonly reason?: string;
}

/** What a client has seen, over all its connections, and what of it cannot be. */
export class FeedOrder {
  readonly faults: string[] = [];
  /** The seq that was seen last of each saga. */
  readonly #seqs = new Map<string, number>();
  #cursor = '0';
  #entries = 0;
  #resyncs = 0;

  /** Where the client stands. */
  get cursor(): string {
    return this.#cursor;
  }

  /** Journal lines received. */
  get entries(): number {
    return this.#entries;
  }

  get sagas(): number {
    return this.#seqs.size;
  }

  /** How often the client was sent back for its slowness. */
  get resyncs(): number {
    return this.#resyncs;
  }

  take({ kind, cursor, saga, seq, reason }: FeedMessage): void {
    if (kind === 'resync') {
      this.#resyncs += 1;
      if (reason !== 'slow') this.#fault(`sent back because the database was ${reason}`);
      if (cursor !== this.#cursor) this.#fault(`sent back to ${cursor} from ${this.#cursor}`);
      return;
    }
    if (saga === undefined || seq === undefined) return;
    const before = this.#seqs.get(saga) ?? 0;
    if (seq !== before + 1) this.#fault(`line ${seq} of saga ${saga} came after ${before}`);
    if (placeIn(cursor) <= placeIn(this.#cursor)) this.#fault(`${cursor} after ${this.#cursor}`);
    this.#seqs.set(saga, seq);
    this.#cursor = cursor;
    this.#entries += 1;
  }

  /** The server did not know the cursor. */
  refused(): void {
    this.#fault(`the cursor ${this.#cursor} was refused`);
  }

  #fault(what: string): void {
    if (this.faults.length < MAX_FAULTS) this.faults.push(what);
  }
}

/** One client, from the beginning of the journal on. */
export class FeedReader {
  readonly name: string;
  readonly #url: string;
  readonly #habit: FeedHabit;
  readonly #order = new FeedOrder();
  readonly #stopping = new AbortController();
  readonly #hurrying = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #connections = 0;

  constructor(siteUrl: string, habit: FeedHabit) {
    this.name = habit.name;
    this.#habit = habit;
    this.#url = `${siteUrl.replace('http', 'ws')}/ws/transitions?since=`;
  }

  /** Journal lines received. */
  get entries(): number {
    return this.#order.entries;
  }

  /** What did not follow what was there before. */
  get faults(): readonly string[] {
    return this.#order.faults.map((fault) => `feed client ${this.name}: ${fault}`);
  }

  /** What the client went through, in words. */
  summary(): string {
    const { entries, sagas, resyncs } = this.#order;
    return (
      `${this.name}: ${entries} lines of ${sagas} sagas over ` +
      `${this.#connections} connections, sent back ${resyncs} times`
    );
  }

  start(): void {
    this.#running = this.#run(this.#stopping.signal);
  }

  /** Reads without pause and stays, from now on. */
  hurry(): void {
    this.#hurrying.abort();
  }

  /** Resolves once the client has gone. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#connect(signal);
      await delay(COME_BACK_MS, undefined, { signal }).catch(() => {});
    }
  }

  /** One connection; resolves with its end, which is no fault: servers die here. */
  async #connect(signal: AbortSignal): Promise<void> {
    const socket = new WebSocket(this.#url + encodeURIComponent(this.#order.cursor));
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    const gone = new AbortController();
    const leave = (): void => socket.terminate();
    signal.addEventListener('abort', leave);
    socket.once('open', () => {
      this.#connections += 1;
      const ends = [signal, gone.signal, this.#hurrying.signal];
      void this.#readByHabit(socket, AbortSignal.any(ends));
    });
    socket.on('message', (data: Buffer) =>
      this.#order.take(JSON.parse(data.toString()) as FeedMessage),
    );
    socket.on('error', ({ message }) => {
      if (message.includes('400')) this.#order.refused();
    });
    await closed;
    gone.abort();
    signal.removeEventListener('abort', leave);
  }

  async #readByHabit(socket: WebSocket, signal: AbortSignal): Promise<void> {
    const { pauseMs, readMs = 0, leaveAfterMs } = this.#habit;
    try {
      if (leaveAfterMs !== undefined) {
        await delay(leaveAfterMs, undefined, { signal });
        return socket.terminate();
      }
      if (pauseMs === undefined) return;
      for (;;) {
        socket.pause();
        await delay(pauseMs, undefined, { signal });
        socket.resume();
        await delay(readMs, undefined, { signal });
      }
    } catch {
      socket.resume(); // the habit has ended, or the connection, whose end nothing must hold up
    }
  }
}

/** Cursors are opaque to a client; here they are looked into, because their order is tried. */
function placeIn(cursor: string): number {
  return Number(cursor.slice(cursor.indexOf('.') + 1));
}
