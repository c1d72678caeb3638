/**
 * Writes the turns that sagas took on Restate into a database of Backstep, for pages, lists and the
 * feed.
 *
 * Invariant: of each saga the turns are written in order, each once: what is written already is left
 * alone, and what would leave a gap is refused, so that Restate brings it again once the gap is
 * closed.
 */
import { BackstepError } from '../../core/errors.ts';
import { parseStored } from '../../core/history/codec.ts';
import { STORED_FORMAT } from '../../core/history/stored-format.ts';
import type { SagaState } from '../../core/state.ts';
import { traceOf } from '../../core/turn/parent-link.ts';
import { isSettled } from '../../core/status.ts';
import type { Marker } from '../../host/alerts/marker.ts';
import type { Clock } from '../../host/clock.ts';
import type { Feed } from '../../host/feed.ts';
import type { Registry } from '../../host/registry.ts';
import type { SagaWatchers } from '../../host/saga-watchers.ts';
import type { SagaTelemetry } from '../../host/telemetry/saga-telemetry.ts';
import { feedEntryOf } from '../../host/turn/projection.ts';
import { type CommitOutcome, type TurnRecord, written } from '../../store/commit.ts';
import { removalOfMoved } from '../../store/queries/moves.ts';
import type { Store, StoredSaga } from '../../store/store.ts';
import { projectedState } from './projected-saga.ts';
import type { JournalWords } from '../words.ts';

export interface ProjectorParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly feed: Feed;
  readonly watchers: SagaWatchers;
  readonly registry: Registry;
  readonly telemetry: SagaTelemetry;
  /** What turns say to rules of alerts; `null`: nothing. */
  readonly marker: Marker | null;
  /** A turn is refused for those before it, which the database lacks. */
  readonly onGap?: (sagaId: string) => void;
}

/** A turn that was written. */
interface Told {
  readonly type: string;
  readonly turn: TurnRecord;
}

/** What the row of a saga has beside what its next turn brings. */
type Known = Pick<StoredSaga, 'sid' | 'version' | 'definitionHash' | 'createdAtMs'>;

/** Sagas under way whose rows are not read for each of their turns. */
const MAX_KNOWN = 10_000;

export class Projector {
  readonly #parts: ProjectorParts;
  /** The last write of each saga that has one under way: Restate may bring turns again meanwhile. */
  readonly #underWay = new Map<string, Promise<void>>();
  /** Internal ids that sagas get which are written again, in the order in which they began. */
  readonly #reserved = new Map<string, number>();
  /** Of sagas that are not settled, those heard of last at the end. */
  readonly #known = new Map<string, Known>();
  #lastSid = 0;

  constructor(parts: ProjectorParts) {
    this.#parts = parts;
  }

  /** Before the first turn: `lastSid` is the highest internal id in use. */
  goOnAfter(lastSid: number): void {
    this.#lastSid = lastSid;
  }

  /** Highest internal id in use. */
  get lastSid(): number {
    return this.#lastSid;
  }

  /** Gives each of these sagas an internal id, in this order, for when its first turn comes. */
  reserve(sagaIds: readonly string[]): void {
    for (const id of sagaIds) this.#reserved.set(id, ++this.#lastSid);
  }

  /** Resolves once the turns are written. Rejects where they cannot be yet. */
  append(sagaId: string, words: JournalWords): Promise<void> {
    return this.#inTurn(sagaId, words, async () => {});
  }

  /**
   * As `append`, of a saga that comes from another host: what is here of it is of before it left, and
   * goes first.
   */
  replace(sagaId: string, words: JournalWords): Promise<void> {
    return this.#inTurn(sagaId, words, () => this.#remove(sagaId));
  }

  #inTurn(sagaId: string, words: JournalWords, first: () => Promise<void>): Promise<void> {
    const before = this.#underWay.get(sagaId) ?? Promise.resolve();
    const write = async (): Promise<void> => {
      await first();
      for (const turn of words.turns) await this.#write(sagaId, words.type, turn);
    };
    // Also after one that failed: this one may be the turn that was missing.
    const writing = before.then(write, write).finally(() => {
      if (this.#underWay.get(sagaId) === writing) this.#underWay.delete(sagaId);
    });
    this.#underWay.set(sagaId, writing);
    return writing;
  }

  /** Resolves once nothing is being written. */
  async quiet(): Promise<void> {
    await Promise.allSettled(this.#underWay.values());
  }

  async #remove(sagaId: string): Promise<void> {
    const { store } = this.#parts;
    const sid = await store.sidOf(sagaId);
    this.#known.delete(sagaId);
    if (sid === null) return;
    const removal = removalOfMoved(store.tables(), { sid, id: sagaId });
    await written(store, removal, `that saga ${sagaId} came anew`);
  }

  async #write(sagaId: string, type: string, turn: TurnRecord): Promise<void> {
    const { store, marker } = this.#parts;
    const known = await this.#knownOf(sagaId, turn);
    if (known === null) throw this.#gap(sagaId, turn, 0);
    const { sid } = known;
    const saga = { ...turn.saga, sid };
    const marks = marker?.marksOf(type, turn, () => turn.stepFailure ?? null);
    const outcome = await store.commit({ ...turn, saga, outbox: [], marks, statements: [] });
    if (outcome.kind === 'committed') {
      const now = { ...known, ...turn.version };
      this.#remember(sagaId, now, isSettled(saga.status));
      await this.#tell(outcome.seq, now, sagaId, { type, turn });
      return;
    }
    await this.#assertWritten(sagaId, turn, outcome);
  }

  /** Returns where the turn was written before. */
  async #assertWritten(
    sagaId: string,
    turn: TurnRecord,
    outcome: Exclude<CommitOutcome, { kind: 'committed' }>,
  ): Promise<void> {
    switch (outcome.kind) {
      case 'key-taken':
        if (outcome.sagaId === sagaId) return;
        throw new Error(`saga ${sagaId}: its start key is that of saga ${outcome.sagaId}`);
      case 'stale':
      case 'rejected': {
        const stored = await this.#storedSeq(sagaId);
        if (stored >= turn.saga.seq) return;
        if (outcome.kind === 'stale') throw this.#gap(sagaId, turn, stored);
        throw new Error(`saga ${sagaId}: turn ${turn.saga.seq} is refused: ${outcome.message}`);
      }
      case 'withdrawn':
      case 'unmet':
        throw new Error(`saga ${sagaId}: turn ${turn.saga.seq} is refused: ${outcome.kind}`);
    }
  }

  /** `null`: the database does not have it. */
  async #knownOf(sagaId: string, { birth }: TurnRecord): Promise<Known | null> {
    if (birth !== null) return { ...birth, sid: this.#newSid(sagaId) };
    const known = this.#known.get(sagaId);
    if (known !== undefined) return known;
    const { store } = this.#parts;
    const sid = await store.sidOf(sagaId);
    return sid === null ? null : store.loadBySid(sid);
  }

  #remember(
    sagaId: string,
    { sid, version, definitionHash, createdAtMs }: Known,
    hasSettled: boolean,
  ): void {
    this.#known.delete(sagaId);
    if (hasSettled) return;
    this.#known.set(sagaId, { sid, version, definitionHash, createdAtMs });
    const [first] = this.#known.keys();
    if (this.#known.size > MAX_KNOWN && first !== undefined) this.#known.delete(first);
  }

  #newSid(sagaId: string): number {
    const reserved = this.#reserved.get(sagaId);
    this.#reserved.delete(sagaId);
    return reserved ?? ++this.#lastSid;
  }

  #gap(sagaId: string, { saga: { seq } }: TurnRecord, stored: number): Error {
    this.#parts.onGap?.(sagaId);
    return new Error(`saga ${sagaId}: turn ${seq} came before turn ${stored + 1}`);
  }

  async #storedSeq(sagaId: string): Promise<number> {
    const { store } = this.#parts;
    const sid = await store.sidOf(sagaId);
    return sid === null ? 0 : ((await store.loadBySid(sid))?.seq ?? 0);
  }

  async #tell(seq: number, known: Known, sagaId: string, words: Told): Promise<void> {
    const { feed, watchers } = this.#parts;
    const entry = feedEntryOf(seq, sagaId, words.type, words.turn.journal);
    feed.publish(entry);
    if (watchers.has(sagaId)) watchers.tell(entry, await this.#stateAfter(known, sagaId, words));
    this.#count(known, sagaId, words);
  }

  // Counted here and nowhere else: workers may take a turn twice, and it is written once.
  #count({ createdAtMs: startedAtMs }: Known, sagaId: string, { type, turn }: Told): void {
    const { telemetry } = this.#parts;
    const { counted = [], saga, journal } = turn;
    const { status, state, isTextKept = false } = saga;
    telemetry.counters.add(type, counted);
    const hasSettled = isTextKept || counted.at(-1)?.what === 'settled';
    if (!hasSettled || !isSettled(status)) return;
    if (isTextKept) return telemetry.parked(type, startedAtMs, journal.atMs);
    const { parent = null, trace = null, ...text } = parseStored(sagaId, state);
    telemetry.settled({
      type,
      sagaId,
      trace: traceOf({ trace, parent }),
      status,
      startedAtMs,
      settledAtMs: journal.atMs,
      failure: text.parkReason ?? text.failureReason,
    });
  }

  /** `null`: it cannot be opened, and was parked for that. */
  async #stateAfter(known: Known, id: string, { type, turn }: Told): Promise<SagaState | null> {
    const { store, registry, clock } = this.#parts;
    const { status, seq, state, error, isTextKept = false } = turn.saga;
    const { version, definitionHash } = known;
    // A text that is kept is kept in the form that it has.
    const format = isTextKept ? (await store.loadBySid(known.sid))?.format : STORED_FORMAT;
    if (format === undefined) return null;
    const row = { id, type, version, definitionHash, format, status, seq, state };
    try {
      return projectedState(registry, row, error, clock.nowMs());
    } catch (thrown) {
      if (thrown instanceof BackstepError) return null;
      throw thrown;
    }
  }
}
