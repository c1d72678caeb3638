/**
 * The durable image: what a crash leaves. One batch is applied whole, with the outcomes that the
 * real writer gives, and the global seq counts without a gap over committed turns.
 *
 * Must never hold anything that was not part of a durable batch.
 */
import { crc32 } from 'node:zlib';
import { wantingIn } from '../../src/core/history/with-results.ts';
import { STORED_FORMAT } from '../../src/core/history/stored-format.ts';
import type {
  AuditRow,
  CommitOutcome,
  JournalRow,
  SagaBirth,
  SagaCommit,
  SagaRow,
  WriteOutcome,
} from '../../src/store/commit.ts';
import { outboxId } from '../../src/store/outbox-id.ts';
import type { PendingMessage, StoredSaga, Wake } from '../../src/store/store.ts';
import { Books, type BooksOptions, opOf } from './books.ts';

/** What can be in a batch. */
export type DiskItem =
  | { readonly kind: 'turn'; readonly commit: SagaCommit }
  | { readonly kind: 'write'; readonly statements: SagaCommit['statements'] }
  | { readonly kind: 'acknowledge'; readonly messageId: number };

export type DiskOutcome = CommitOutcome | WriteOutcome | { readonly kind: 'acknowledged' };

export interface DiskSaga {
  readonly row: SagaRow;
  readonly birth: SagaBirth;
}

export interface DiskJournalLine extends JournalRow {
  readonly seq: number;
  readonly sid: number;
}

/** What became durable, for whoever watches. */
export interface DurableTurn {
  readonly commit: SagaCommit;
  readonly before: DiskSaga | null;
  readonly after: DiskSaga;
}

export class Disk {
  readonly books: Books;
  readonly sagas = new Map<number, DiskSaga>();
  readonly journal: DiskJournalLine[] = [];
  readonly outbox = new Map<number, PendingMessage>();
  /** Open letters by sid. */
  readonly letters = new Map<number, { readonly kind: string; readonly letter: string }>();
  readonly audit: (AuditRow & { readonly sid: number; readonly sagaSeq: number })[] = [];
  readonly #sids = new Map<string, number>();
  readonly #keys = new Map<string, { readonly sagaId: string; readonly inputHash: string }>();
  readonly #onTurn: (turn: DurableTurn) => void;
  #lastSeq = 0;
  #owner = 0;
  #isLeftClean = false;
  #lettersOpened = 0;

  constructor(options: BooksOptions, onTurn: (turn: DurableTurn) => void) {
    this.books = new Books(options);
    this.#onTurn = onTurn;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Makes the caller the owner; gives the epoch that its writes must carry. */
  takeOver(): { readonly epoch: number; readonly wasLeftClean: boolean } {
    const wasLeftClean = this.#isLeftClean;
    this.#isLeftClean = false;
    this.#owner += 1;
    return { epoch: this.#owner, wasLeftClean };
  }

  leaveClean(epoch: number): void {
    if (this.isOwner(epoch)) this.#isLeftClean = true;
  }

  isOwner(epoch: number): boolean {
    return epoch === this.#owner;
  }

  /** How many dead letters were ever opened. */
  get lettersOpened(): number {
    return this.#lettersOpened;
  }

  get lastSid(): number {
    return Math.max(0, ...this.sagas.keys());
  }

  /** Makes the items durable, in order. */
  apply(items: readonly DiskItem[]): DiskOutcome[] {
    return items.map((item) => {
      switch (item.kind) {
        case 'turn':
          return this.#applyTurn(item.commit);
        case 'write':
          return this.#runStatements(item.statements) ?? { kind: 'committed', changes: [] };
        case 'acknowledge':
          this.outbox.delete(item.messageId);
          return { kind: 'acknowledged' };
      }
    });
  }

  stored(sid: number): StoredSaga | null {
    const saga = this.sagas.get(sid);
    if (saga === undefined) return null;
    const { id, type, version, definitionHash, createdAtMs } = saga.birth;
    const { status, seq, state, checksum } = saga.row;
    const row = { status, seq, state, checksum, format: STORED_FORMAT, createdAtMs };
    const whole = wantingIn(state)?.with(this.journal.filter((line) => line.sid === sid)) ?? null;
    const text = whole === null ? {} : { state: whole, checksum: crc32(whole) };
    return { sid, id, type, version, definitionHash, ...row, ...text };
  }

  sidOf(sagaId: string): number | null {
    return this.#sids.get(sagaId) ?? null;
  }

  startKey(type: string, key: string): { sagaId: string; inputHash: string } | null {
    return this.#keys.get(`${type}/${key}`) ?? null;
  }

  wakes(untilMs: number, after: Wake | null, limit: number): readonly Wake[] {
    const from = after ?? { wakeAtMs: 0, sid: 0 };
    return [...this.sagas.values()]
      .flatMap(({ row: { sid, wakeAtMs } }) => (wakeAtMs === null ? [] : [{ sid, wakeAtMs }]))
      .filter((wake) => wake.wakeAtMs <= untilMs && byDueTime(from, wake) < 0)
      .sort(byDueTime)
      .slice(0, limit);
  }

  pendingMessages(afterId: number, limit: number): readonly PendingMessage[] {
    return [...this.outbox.values()]
      .filter(({ id }) => id > afterId)
      .sort((a, b) => a.id - b.id)
      .slice(0, limit);
  }

  #applyTurn(commit: SagaCommit): CommitOutcome {
    const { saga, birth, statements } = commit;
    const key = birth?.key ?? null;
    const taken = birth === null || key === null ? null : this.startKey(birth.type, key);
    if (taken !== null) return { kind: 'key-taken', ...taken };
    const before = this.sagas.get(saga.sid) ?? null;
    if ((before?.row.seq ?? 0) !== saga.expectedSeq) {
      return { kind: 'stale', storedSeq: before?.row.seq ?? null };
    }
    const refusal = this.#runStatements(statements);
    if (refusal !== null) return refusal;
    const known = before?.birth ?? birth;
    if (known === null) return { kind: 'rejected', message: 'a first turn without a birth' };
    const seq = ++this.#lastSeq;
    const after = { row: saga, birth: known };
    this.sagas.set(saga.sid, after);
    this.#sids.set(known.id, saga.sid);
    if (birth !== null && key !== null) {
      const { id: sagaId, inputHash } = birth;
      this.#keys.set(`${birth.type}/${key}`, { sagaId, inputHash: inputHash ?? '' });
    }
    this.journal.push({ ...commit.journal, seq, sid: saga.sid });
    this.#writeExtras(commit, seq, known);
    this.#onTurn({ commit, before, after });
    return { kind: 'committed', seq };
  }

  #writeExtras(
    { saga: { sid, seq: sagaSeq }, ...commit }: SagaCommit,
    seq: number,
    birth: SagaBirth,
  ) {
    for (const { index, event, data } of commit.outbox) {
      const id = outboxId(seq, index);
      this.outbox.set(id, { id, sid, sagaId: birth.id, type: birth.type, event, data });
    }
    const { deadLetter, audit } = commit;
    if (deadLetter?.letter === null) this.letters.delete(sid);
    else if (deadLetter !== null) {
      this.#lettersOpened += 1;
      this.letters.set(sid, { kind: deadLetter.kind, letter: deadLetter.letter });
    }
    if (audit !== null) this.audit.push({ ...audit, sid, sagaSeq });
  }

  // One operation per plan: a refusal has written nothing, so nothing is to be rolled back.
  #runStatements(
    statements: SagaCommit['statements'],
  ): { readonly kind: 'unmet'; readonly code: string; readonly message: string } | null {
    const [statement, ...more] = statements;
    if (more.length > 0) throw new Error('the simulated disk takes one statement per plan');
    if (statement === undefined) return null;
    const refusal = this.books.run(opOf(statement.parameters));
    return refusal === null ? null : { kind: 'unmet', ...refusal };
  }
}

function byDueTime(a: Wake, b: Wake): number {
  return a.wakeAtMs - b.wakeAtMs || a.sid - b.sid;
}
