/**
 * One client's view of the transitions: journal first, then live, joined without gap or double.
 *
 * It is either live or catching up. While it catches up, commits are noted in a bounded list, and
 * when that list overflows the journal is read again, so memory never grows with the client's
 * slowness. Invariant: entries leave in the order of their global seq, each at most once, and
 * between two that leave none that matches is left out.
 */
import type { Backstep } from '../../runtime/backstep.ts';
import type { FeedEntry, FeedFilter } from '../../store/read-models.ts';
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
  source: Pick<Backstep, 'subscribe' | 'read'>,
  { filter, since, epochs }: FeedQuery,
  sink: FeedSink,
  events: FeedEvents,
): () => void {
  let position = since?.seq ?? 0;
  let isLive = since === null;
  let isClosed = false;
  let waiting: FeedEntry[] = [];
  let hasMissed = false;

  // Subscribed before the journal is read: what commits meanwhile is in one of the two.
  const unsubscribe = source.subscribe((entry) => {
    if (isClosed || !matches(entry, filter)) return;
    if (!isLive) note(entry);
    else if (sink.backlogBytes() > MAX_BACKLOG_BYTES) fallBack();
    else emit(entry);
  });
  // A file that was restored: what the client has after this is not what comes after it here.
  if (since?.isLost === true) sendBack('restored');
  if (!isLive) void catchUp();

  function sendBack(reason: 'slow' | 'restored'): void {
    const cursor = feedCursor(epochs, position);
    sink.send(JSON.stringify({ kind: 'resync', cursor, reason }), cursor);
  }

  function note(entry: FeedEntry): void {
    if (hasMissed) return;
    waiting.push(entry);
    if (waiting.length <= MAX_WAITING) return;
    waiting = [];
    hasMissed = true;
  }

  function emit(entry: FeedEntry): void {
    if (entry.seq <= position) return;
    position = entry.seq;
    const cursor = feedCursor(epochs, entry.seq);
    sink.send(textOf(entry, cursor), cursor);
  }

  function fallBack(): void {
    events.resync();
    sendBack('slow');
    isLive = false;
    void catchUp();
  }

  async function catchUp(): Promise<void> {
    try {
      for (;;) {
        await sink.drained();
        if (isClosed) return;
        // Whatever was noted so far is in the journal by now, and so is what was missed.
        waiting = [];
        hasMissed = false;
        const page = await source.read.feedAfter(position, PAGE_SIZE, filter);
        if (isClosed) return;
        for (const entry of page) emit(entry);
        if (page.length < PAGE_SIZE && !hasMissed) break;
      }
      // No await from here to `isLive`: nothing can commit unseen in between.
      for (const entry of waiting) emit(entry);
      waiting = [];
      isLive = true;
    } catch (error) {
      if (isClosed) return; // nobody is left to be told
      stop();
      events.failed(error);
    }
  }

  function stop(): void {
    isClosed = true;
    waiting = [];
    unsubscribe();
  }

  return stop;
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
