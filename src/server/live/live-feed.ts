/**
 * One client's view of the transitions: journal first, then live, joined without gap or double.
 *
 * It is either live or catching up. While it catches up, commits are noted in a bounded list, and
 * when that list overflows the journal is read again, so memory never grows with the client's
 * slowness. Invariant: entries leave in the order of their global seq, each at most once, and
 * between two that leave none that matches is left out.
 *
 * A standby hears lines of one owner after the other: there a line waits until the epochs are read
 * that it may belong to, or its cursor would name an epoch that had ended.
 */
import type { Backstep } from '../../host/backstep.ts';
import type { FeedEntry, FeedFilter, ReadModels } from '../../store/read-models.ts';
import type { FeedEpoch } from '../../store/queries/feed-epochs.ts';
import { feedCursor, type FeedPlace } from './feed-cursor.ts';
import { feedMessage } from '../api/saga-answers.ts';

/** A client with more than this unsent is slow, in bytes. */
export const MAX_BACKLOG_BYTES = 256 * 1024;
/** Journal lines read at a time. */
const PAGE_SIZE = 200;
/** Commits noted while a page is read. */
const MAX_WAITING = 500;

/** Where the messages go. */
export interface FeedSink {
  /** `cursor`: where the client stands once it has the message. */
  send(message: string, cursor: string): void;
  /** What was sent and has not left yet. */
  backlogBytes(): number;
  /** Resolves when the backlog is low again, or the sink is closed. */
  drained(): Promise<void>;
}

export interface FeedQuery {
  readonly filter: FeedFilter;
  /** Where the client stands; `null`: from now on. */
  readonly since: FeedPlace | null;
  /** What the cursors of this database are made with. */
  readonly epochs: readonly FeedEpoch[];
  /** True where no other one can begin while this process runs: it owned the database before. */
  readonly areEpochsFinal: boolean;
}

/** What may be observed of a feed. */
export interface FeedEvents {
  /** A slow client was sent back to the journal. */
  resync(): void;
  /** The journal could not be read; the client must be closed. */
  failed(error: unknown): void;
}

/** Starts to serve one client; returns the way to stop. */
export function openFeed(
  source: FeedSource,
  query: FeedQuery,
  sink: FeedSink,
  events: FeedEvents,
): () => void {
  const client = new FeedClient(source, query, sink, events);
  client.start();
  return () => client.stop();
}

/**
 * Most lines that one read looks through, so that it is short however few of them match: over
 * PostgreSQL a million lines take about a second, and a read may take two.
 */
const LINES_READ = 100_000;

type FeedSource = Pick<Backstep, 'subscribe' | 'read' | 'health'>;

class FeedClient {
  readonly #source: FeedSource;
  readonly #query: FeedQuery;
  readonly #sink: FeedSink;
  readonly #events: FeedEvents;
  #position: number;
  #isLive: boolean;
  #isClosed = false;
  #waiting: FeedEntry[] = [];
  #hasMissed = false;
  #epochs: readonly FeedEpoch[];
  #areEpochsFinal: boolean;
  /** The last line heard, whether it matches or not; 0: none yet. */
  #heardSeq = 0;
  #unsubscribe = (): void => {};

  constructor(source: FeedSource, query: FeedQuery, sink: FeedSink, events: FeedEvents) {
    this.#source = source;
    this.#query = query;
    this.#sink = sink;
    this.#events = events;
    this.#position = query.since?.seq ?? 0;
    this.#isLive = query.since === null;
    this.#epochs = query.epochs;
    this.#areEpochsFinal = query.areEpochsFinal;
  }

  start(): void {
    // Subscribed before the journal is read: what commits meanwhile is in one of the two.
    this.#unsubscribe = this.#source.subscribe((entry) => this.#hear(entry));
    // A file that was restored: what the client has after this is not what comes after it here.
    if (this.#query.since?.isLost === true) this.#sendBack('restored');
    if (!this.#isLive) void this.#catchUp();
  }

  stop(): void {
    this.#isClosed = true;
    this.#waiting = [];
    this.#unsubscribe();
  }

  #hear(entry: FeedEntry): void {
    if (this.#isClosed) return;
    const heardSeq = this.#heardSeq;
    this.#heardSeq = entry.seq;
    if (heardSeq > 0 && entry.seq > heardSeq + 1) this.#miss(heardSeq);
    else if (!matches(entry, this.#query.filter)) return;
    else if (!this.#isLive) this.#note(entry);
    else if (this.#sink.backlogBytes() > MAX_BACKLOG_BYTES) this.#fallBack();
    else if (this.#areEpochsFinal) this.#emit(entry);
    else void this.#nameAndEmit(entry);
  }

  #sendBack(reason: 'slow' | 'restored'): void {
    const cursor = feedCursor(this.#epochs, this.#position);
    this.#sink.send(JSON.stringify({ kind: 'resync', cursor, reason }), cursor);
  }

  #note(entry: FeedEntry): void {
    if (this.#hasMissed) return;
    this.#waiting.push(entry);
    if (this.#waiting.length > MAX_WAITING) this.#forget();
  }

  #forget(): void {
    this.#waiting = [];
    this.#hasMissed = true;
  }

  /** Lines after that one were left out on the way here; the journal has them. */
  #miss(heardSeq: number): void {
    this.#forget();
    if (!this.#isLive) return; // it is read, and will be again
    this.#isLive = false;
    this.#position = Math.max(this.#position, heardSeq);
    void this.#catchUp();
  }

  #emit(entry: FeedEntry): void {
    if (entry.seq <= this.#position) return;
    this.#position = entry.seq;
    const cursor = feedCursor(this.#epochs, entry.seq);
    this.#sink.send(textOf(entry, cursor), cursor);
  }

  async #nameAndEmit(entry: FeedEntry): Promise<void> {
    this.#isLive = false;
    let unnamed: readonly FeedEntry[] = [entry];
    try {
      while (unnamed.length > 0) {
        await this.#readEpochs();
        if (this.#isClosed) return;
        for (const each of unnamed) this.#emit(each);
        // Those heard meanwhile may be of a later epoch than was read.
        unnamed = this.#waiting;
        this.#waiting = [];
      }
    } catch (error) {
      return this.#fail(error);
    }
    if (this.#hasMissed) void this.#catchUp();
    else this.#isLive = true;
  }

  async #readEpochs(): Promise<void> {
    // Asked before: whoever owned the database by then had begun the last one.
    const isOwner = this.#source.health().kind === 'ready';
    this.#epochs = await sharedEpochs(this.#source.read);
    this.#areEpochsFinal = isOwner;
  }

  #fallBack(): void {
    this.#events.resync();
    this.#sendBack('slow');
    this.#isLive = false;
    void this.#catchUp();
  }

  async #catchUp(): Promise<void> {
    const { filter } = this.#query;
    try {
      for (;;) {
        await this.#sink.drained();
        if (this.#isClosed) return;
        // Whatever was noted so far is in the journal by now, and so is what was missed.
        this.#waiting = [];
        this.#hasMissed = false;
        const { read } = this.#source;
        const lastSeq = await read.lastSeq();
        // The lines of one saga are found by an index, however many there are of others.
        const untilSeq = filter.sagaId === undefined ? this.#position + LINES_READ : lastSeq;
        const page = await read.feedAfter(this.#position, PAGE_SIZE, filter, untilSeq);
        if (!this.#areEpochsFinal) await this.#readEpochs();
        if (this.#isClosed) return;
        for (const entry of page) this.#emit(entry);
        if (page.length === PAGE_SIZE) continue;
        // All lines to there were looked at, few of which match. What came after the last was heard.
        if (untilSeq < lastSeq) this.#position = Math.max(this.#position, untilSeq);
        else if (!this.#hasMissed) break;
      }
    } catch (error) {
      return this.#fail(error);
    }
    this.#goLive();
  }

  // No await from the last look at the journal to `isLive`: nothing can commit unseen in between.
  #goLive(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    const [first, ...others] = waiting;
    if (first !== undefined && !this.#areEpochsFinal) {
      this.#waiting = others;
      return void this.#nameAndEmit(first);
    }
    for (const entry of waiting) this.#emit(entry);
    this.#isLive = true;
  }

  #fail(error: unknown): void {
    if (this.#isClosed) return; // nobody is left to be told
    this.stop();
    this.#events.failed(error);
  }
}

const epochReads = new WeakMap<ReadModels, Promise<readonly FeedEpoch[]>>();

// All clients ask when they are told of the same line: that is one read.
function sharedEpochs(read: ReadModels): Promise<readonly FeedEpoch[]> {
  const begun = epochReads.get(read);
  if (begun !== undefined) return begun;
  const reading = read.feedEpochs();
  epochReads.set(read, reading);
  queueMicrotask(() => epochReads.delete(read));
  return reading;
}

let lastEntry: FeedEntry | null = null;
let lastText = '';

// All clients get a commit one after the other: its message is written once.
function textOf(entry: FeedEntry, cursor: string): string {
  if (entry !== lastEntry) {
    lastEntry = entry;
    lastText = JSON.stringify(feedMessage(entry, cursor));
  }
  return lastText;
}

function matches(entry: FeedEntry, { sagaId, type, status }: FeedFilter): boolean {
  return (
    (sagaId === undefined || entry.sagaId === sagaId) &&
    (type === undefined || entry.type === type) &&
    (status === undefined || entry.status === status)
  );
}
