/**
 * One inspector's view of the sagas: the newest ones with where they stand, then every line of the
 * journal as it commits, in the words of the inspector's protocol.
 *
 * It follows the journal by position and holds nothing for a slow client: while that reads, the
 * journal waits. Invariant: turns leave in commit order, each at most once, and a saga is introduced
 * before its first turn.
 */
import type { Backstep } from '../../host/backstep.ts';
import type { JournalEntry } from '../../store/read-models.ts';
import {
  InspectJournal,
  type InspectedSaga,
  type InspectedSnapshot,
  type InspectedTurn,
} from './inspect-journal.ts';
import type { FeedSink } from '../live/live-feed.ts';

/** Journal lines read at a time. */
const PAGE_SIZE = 100;
/** Sagas that are remembered as introduced; an older one is introduced again. */
const MAX_INTRODUCED = 10_000;

/** A protocol: what is sent, in the vendor's words. */
export interface InspectDialect {
  /** Introduces a saga. */
  saga(saga: InspectedSaga, snapshot: InspectedSnapshot, atMs: number): readonly object[];
  /** Tells a turn; `isNote`: the event came and nothing moved. */
  turn(
    saga: InspectedSaga,
    turn: InspectedTurn,
    about: { readonly atMs: number; readonly seq: number; readonly isNote: boolean },
  ): readonly object[];
}

/** What an inspector wants to see. */
export interface InspectQuery {
  /** One saga with its whole past; `null`: the newest ones as they stand. */
  readonly sagaId: string | null;
  readonly type: string | null;
  /** How many of the newest sagas are introduced. */
  readonly limit: number;
}

/** Starts to serve one inspector; returns the way to stop. `onError`: it cannot go on. */
export function openInspection(
  backstep: Pick<Backstep, 'read' | 'saga' | 'definitions' | 'redact' | 'subscribe'>,
  query: InspectQuery,
  dialect: InspectDialect,
  sink: FeedSink,
  onError: (error: unknown) => void,
): () => void {
  const journal = new InspectJournal(backstep);
  const ofType = query.type === null ? {} : { type: query.type };
  const filter = { ...ofType, ...(query.sagaId === null ? {} : { sagaId: query.sagaId }) };
  /** The turn of each saga that the inspector has; in order of introduction. */
  const introduced = new Map<string, number>();
  let isClosed = false;
  let hasNews = false;
  let wake = (): void => {};
  const unsubscribe = backstep.subscribe(() => {
    hasNews = true;
    wake();
  });

  void run().catch((error: unknown) => {
    if (isClosed) return; // nobody is left to be told
    stop();
    onError(error);
  });

  async function run(): Promise<void> {
    // Before the list, so that what commits meanwhile is told after it.
    let position = query.sagaId === null ? await backstep.read.lastSeq() : 0;
    if (query.sagaId === null) await introduceNewest();
    for (;;) {
      if (isClosed) return;
      hasNews = false; // what commits from here on is found by the next read
      const page = await backstep.read.journalAfter(position, PAGE_SIZE, filter);
      for (const entry of page) {
        await tell(entry);
        position = entry.seq;
      }
      if (page.length < PAGE_SIZE && !hasNews)
        await new Promise<void>((resolve) => (wake = resolve));
    }
  }

  async function introduceNewest(): Promise<void> {
    const page = { limit: query.limit, cursor: null };
    const { items } = await backstep.read.listSagas(ofType, page);
    for (const summary of items.toReversed()) {
      const saga = await journal.saga(summary.id);
      if (saga === null) continue; // removed since
      const { snapshot, sagaSeq } = await journal.now(summary);
      await send(dialect.saga(saga, snapshot, summary.updatedAtMs));
      remember(summary.id, sagaSeq);
    }
  }

  async function tell(entry: JournalEntry): Promise<void> {
    const known = introduced.get(entry.sagaId);
    if (isClosed || (known !== undefined && known >= entry.sagaSeq)) return;
    const saga = await journal.saga(entry.sagaId);
    if (saga === null) return; // removed since
    const turn = await journal.turn(entry, saga.definition);
    if (known === undefined) await send(dialect.saga(saga, turn.snapshot, entry.atMs));
    const { atMs, seq } = entry;
    await send(dialect.turn(saga, turn, { atMs, seq, isNote: entry.kind === 'note' }));
    remember(entry.sagaId, entry.sagaSeq);
  }

  async function send(messages: readonly object[]): Promise<void> {
    await sink.drained();
    if (isClosed) return;
    for (const message of messages) sink.send(JSON.stringify(message), '');
  }

  function remember(sagaId: string, sagaSeq: number): void {
    introduced.set(sagaId, sagaSeq);
    if (introduced.size <= MAX_INTRODUCED) return;
    const [oldest] = introduced.keys();
    if (oldest !== undefined) introduced.delete(oldest);
  }

  function stop(): void {
    isClosed = true;
    unsubscribe();
    wake();
  }

  return stop;
}
