/**
 * Turns of many sagas as statements over columns, and what their answers mean for each turn.
 *
 * Sends nothing. Invariant: the global seq is given in the order of the items, without gaps over
 * those that are written; only a start whose key is taken is not, and only the database knows that.
 */
import { outboxId } from '../../outbox-id.ts';
import {
  type BatchItem,
  type ItemOutcome,
  JOURNAL_AT,
  JOURNAL_SAGA_SEQ,
  JOURNAL_SID,
  type Parameter,
  type TurnExtras,
  type TurnItem,
} from '../../batch-items.ts';
import type { Answer, Statement } from '../connection/pipeline.ts';
import {
  AUDIT_COLUMNS,
  type Column,
  ENDED_AT,
  ID_COLUMNS,
  INBOX_COLUMNS,
  JOURNAL_COLUMNS,
  KEY_COLUMNS,
  KEYED_COLUMN,
  LETTER_COLUMNS,
  MARK_COLUMNS,
  OUTBOX_COLUMNS,
  PENDING_COLUMNS,
  SAGA_COLUMNS,
  VERSION_COLUMNS,
} from './columns.ts';
import type { EngineStatements } from './statements.ts';
import type { ColumnParameter, Row, WireParameter } from '../connection/wire.ts';

/** Statements for some items, and the way to read what they answer. */
export interface BatchPlan {
  readonly statements: readonly Statement[];
  /** Outcomes in the order of the items, and the seq given last. `answers`: of the statements. */
  read(answers: readonly Answer[]): { readonly outcomes: ItemOutcome[]; readonly seq: number };
}

/** Participants' own writes have no rows of the engine's. */
type PlannedItem = Exclude<BatchItem, { kind: 'write' }>;

/**
 * Plans the items of those indexes, but for participants' own writes. `seq` was given last. Null: a
 * turn among them has too many messages.
 */
export function planOf(
  items: readonly BatchItem[],
  indexes: readonly number[],
  seq: number,
  sql: EngineStatements,
): BatchPlan | null {
  const planned: PlannedItem[] = [];
  for (const index of indexes) {
    const item = items[index];
    if (item !== undefined && item.kind !== 'write') planned.push(item);
  }
  try {
    return planItems(planned, seq, sql);
  } catch (thrown) {
    if (thrown instanceof RangeError) return null;
    throw thrown;
  }
}

function planItems(items: readonly PlannedItem[], seq: number, sql: EngineStatements): BatchPlan {
  const rows = new BatchRows(items.some(hasKey));
  for (const item of items) {
    if (item.kind === 'acknowledge') rows.acknowledged.add([item.messageId]);
    else rows.addTurn(item);
  }
  const statements = rows.statements(seq, sql);
  const takenAt = statements.findIndex((statement) => statement.sql === sql.takenKeys);
  return {
    statements,
    read: (answers) => readOutcomes(items, seq, answers[takenAt]?.rows ?? []),
  };
}

/** True for a start that takes a key. */
export function hasKey(item: BatchItem): boolean {
  return item.kind === 'start' && item.extras !== null && item.extras.key !== null;
}

function readOutcomes(items: readonly PlannedItem[], seq: number, taken: Answer['rows']) {
  const takenBy = new Map(taken.map(([ord, sagaId, inputHash]) => [ord, { sagaId, inputHash }]));
  let keyed = 0;
  let last = seq;
  const outcomes = items.map((item): ItemOutcome => {
    if (item.kind === 'acknowledge') return { kind: 'acknowledged' };
    if (hasKey(item)) {
      keyed += 1;
      const by = takenBy.get(String(keyed));
      if (by !== undefined) return keyTaken(by.sagaId, by.inputHash);
    }
    last += 1;
    return last;
  });
  return { outcomes, seq: last };
}

/** The outcome of a start whose key another saga has. */
export function keyTaken(
  sagaId: string | null | undefined,
  inputHash: string | null | undefined,
): ItemOutcome {
  return { kind: 'key-taken', sagaId: sagaId ?? '', inputHash: inputHash ?? '' };
}

/** Rows for one table, as they came. */
class Rows {
  readonly #columns: readonly Column[];
  readonly #from: number;
  readonly #rows: Row[] = [];

  /** `from`: where in each row the first column is. */
  constructor(columns: readonly Column[], from = 0) {
    this.#columns = columns;
    this.#from = from;
  }

  get length(): number {
    return this.#rows.length;
  }

  add(row: Row): void {
    this.#rows.push(row);
  }

  parameters(): readonly ColumnParameter[] {
    const rows = this.#rows;
    return this.#columns.map((column, index) => ({ ...column, rows, at: this.#from + index }));
  }
}

class BatchRows {
  readonly #isKeyed: boolean;
  readonly #sagas = {
    start: new Rows(SAGA_COLUMNS.start),
    turn: new Rows(SAGA_COLUMNS.turn),
    progress: new Rows(SAGA_COLUMNS.progress),
    parking: new Rows(SAGA_COLUMNS.parking),
  };
  readonly #journal = new Rows(JOURNAL_COLUMNS, JOURNAL_SID);
  readonly #journalKeyed = new Rows([KEYED_COLUMN]);
  readonly #keys = new Rows(KEY_COLUMNS);
  readonly #outbox = new Rows(OUTBOX_COLUMNS);
  readonly #opened = new Rows(LETTER_COLUMNS);
  readonly #closed = new Rows(LETTER_COLUMNS);
  readonly #audit = new Rows(AUDIT_COLUMNS);
  readonly #ends = new Rows(MARK_COLUMNS.ends);
  readonly #marks = new Rows(MARK_COLUMNS.opens);
  readonly #entered = new Rows(PENDING_COLUMNS);
  readonly #removed = new Rows(INBOX_COLUMNS);
  readonly #answered = new Rows(INBOX_COLUMNS);
  readonly #left = new Rows(ID_COLUMNS);
  readonly #ended = new Rows(ID_COLUMNS);
  readonly #versions = new Rows(VERSION_COLUMNS);
  readonly acknowledged = new Rows(ID_COLUMNS);

  constructor(isKeyed: boolean) {
    this.#isKeyed = isKeyed;
  }

  addTurn(item: TurnItem): void {
    this.#sagas[item.kind].add(item.saga);
    if ((item.saga[ENDED_AT[item.kind]] ?? null) !== null) {
      this.#ended.add([item.journal[JOURNAL_SID]]);
    }
    this.#journal.add(item.journal);
    if (this.#isKeyed) this.#journalKeyed.add([hasKey(item)]);
    if (item.extras !== null) this.#addExtras(item.journal, item.extras);
  }

  #addExtras(journal: readonly Parameter[], extras: TurnExtras): void {
    const { key, outbox, deadLetter, audit, pendingStart, version, inbox } = extras;
    const sid = Number(journal[JOURNAL_SID]);
    const sagaSeq = journal[JOURNAL_SAGA_SEQ];
    const atMs = journal[JOURNAL_AT];
    if (key !== null) this.#keys.add([key.type, key.key, key.inputHash, key.sagaId]);
    for (const { index, event, data } of outbox) {
      outboxId(0, index); // throws when there is no room for it
      this.#outbox.add([sid, sagaSeq, index, event, data]);
    }
    if (deadLetter !== null) {
      const { kind, letter } = deadLetter;
      (letter === null ? this.#closed : this.#opened).add([sid, sagaSeq, atMs, kind, letter]);
    }
    if (audit !== null) {
      this.#audit.add([sid, sagaSeq, atMs, audit.command, audit.by, audit.reason]);
    }
    for (const { rule, endsAfterMs, opens } of extras.marks) {
      if (endsAfterMs !== null) {
        this.#ends.add([sid, sagaSeq, atMs, rule, Number(atMs) - endsAfterMs]);
      }
      if (opens === null) continue;
      const { cause, detail, isOver } = opens;
      this.#marks.add([sid, sagaSeq, atMs, rule, cause, isOver ? atMs : null, detail]);
    }
    if (version !== null) this.#versions.add([sid, version.version, version.definitionHash]);
    if (inbox !== null) {
      const { id, answer } = inbox;
      (answer === null ? this.#removed : this.#answered).add([sid, sagaSeq, atMs, id, answer]);
    }
    if (pendingStart?.kind === 'leave') this.#left.add([sid]);
    if (pendingStart?.kind === 'enter') this.#entered.add([sid, sagaSeq, pendingStart.startAtMs]);
  }

  /** Keys before starts, sagas before the journal, the journal before what hangs off a turn. */
  statements(seq: number, sql: EngineStatements): readonly Statement[] {
    const statements: Statement[] = [];
    const put = (text: string, rows: Rows, first: readonly WireParameter[] = []): void => {
      if (rows.length === 0) return;
      statements.push({ sql: text, parameters: [...first, ...rows.parameters()] });
    };
    put(sql.claimKeys, this.#keys);
    put(sql.takenKeys, this.#keys);
    put(this.#isKeyed ? sql.sagas.keyedStart : sql.sagas.start, this.#sagas.start);
    for (const kind of ['turn', 'progress', 'parking'] as const) {
      put(sql.sagas[kind], this.#sagas[kind], [String(this.#sagas[kind].length)]);
    }
    put(sql.noteEnds, this.#ended);
    this.#putJournal(seq, sql, statements);
    put(sql.removeRows, this.#removed);
    put(sql.answerRows, this.#answered);
    put(sql.outbox, this.#outbox);
    put(sql.closeLetters, this.#closed);
    put(sql.openLetters, this.#opened);
    put(sql.audit, this.#audit);
    put(sql.forgetMarks, this.#ends);
    put(sql.endMarks, this.#ends);
    put(sql.openMarks, this.#marks);
    put(sql.setVersions, this.#versions);
    put(sql.leavePending, this.#left);
    put(sql.enterPending, this.#entered);
    put(sql.acknowledge, this.acknowledged);
    return statements;
  }

  #putJournal(seq: number, sql: EngineStatements, statements: Statement[]): void {
    if (this.#journal.length === 0) return;
    const parameters: WireParameter[] = [String(seq), ...this.#journal.parameters()];
    if (this.#isKeyed) parameters.push(...this.#journalKeyed.parameters());
    statements.push({ sql: this.#isKeyed ? sql.keyedJournal : sql.journal, parameters });
  }
}
