/**
 * The prepared statements of the hot path, and what one item of a batch does with them.
 *
 * Runs inside the transaction of the batch and never opens, commits or rolls one back. Invariant:
 * an outcome other than a committed one of a plain turn (no statements) has written nothing.
 */
import type Database from 'better-sqlite3';
import { STORED_FORMAT } from '../../../core/history/stored-format.ts';
import { outboxId } from '../../outbox-id.ts';
import type { SqlNames } from '../../sql-names.ts';
import { createStatementRunner } from './participant-statements.ts';
import {
  type BatchItem,
  type ItemOutcome,
  JOURNAL_AT,
  JOURNAL_SAGA_SEQ,
  JOURNAL_SEQ,
  JOURNAL_SID,
  type Parameter,
  type TurnExtras,
  type TurnItem,
} from '../../batch-items.ts';

/** Applies items; `seq` is the global seq that the item's turn takes if it is committed. */
export type ApplyItem = (item: BatchItem, seq: number) => ItemOutcome;

/** Prepares everything once for a connection. */
export function prepareItems(db: Database.Database, names: SqlNames): ApplyItem {
  const { inSql } = names;
  const writeSaga = {
    start: db.prepare<Parameter[]>(inSql(INSERT_SAGA)),
    turn: db.prepare<Parameter[]>(inSql(UPDATE_SAGA)),
    progress: db.prepare<Parameter[]>(inSql(UPDATE_PROGRESS)),
    parking: db.prepare<Parameter[]>(inSql(PARK_SAGA)),
  };
  const storedSeq = db
    .prepare<[Parameter], number>(inSql('SELECT seq FROM sagas WHERE sid = ?'))
    .pluck();
  const insertJournal = db.prepare<Parameter[]>(inSql(INSERT_JOURNAL));
  const selectKey = db.prepare<[string, string], StoredKey>(
    inSql(
      'SELECT saga_id AS sagaId, input_hash AS inputHash FROM start_keys WHERE type = ? AND key = ?',
    ),
  );
  const insertKey = db.prepare(
    inSql('INSERT INTO start_keys (type, key, input_hash, saga_id) VALUES (?, ?, ?, ?)'),
  );
  const acknowledge = db.prepare(inSql('DELETE FROM outbox WHERE id = ?'));
  const takeFromInbox = prepareInbox(db, names);
  const runStatements = createStatementRunner(db);
  const writeExtras = prepareExtras(db, names);

  function applyTurn(item: TurnItem, seq: number): ItemOutcome {
    const { extras } = item;
    const key = extras?.key ?? null;
    if (key !== null) {
      const stored = selectKey.get(key.type, key.key);
      if (stored !== undefined) return { kind: 'key-taken', ...stored };
    }
    if (extras !== null && extras.inbox !== null) {
      const isThere = takeFromInbox(extras.inbox, item.journal[JOURNAL_AT] ?? null);
      if (!isThere) return { kind: 'withdrawn' };
    }
    if (writeSaga[item.kind].run(...item.saga).changes !== 1) {
      const stored = storedSeq.get(item.journal[JOURNAL_SID] ?? null);
      return { kind: 'stale', storedSeq: stored ?? null };
    }
    item.journal[JOURNAL_SEQ] = seq;
    insertJournal.run(...item.journal);
    if (extras === null) return seq;
    if (key !== null) insertKey.run(key.type, key.key, key.inputHash, key.sagaId);
    writeExtras(item.journal, extras);
    const result = runStatements(extras.statements);
    return result.kind === 'written' ? seq : result;
  }

  return (item, seq) => {
    switch (item.kind) {
      case 'start':
      case 'turn':
      case 'progress':
      case 'parking':
        return applyTurn(item, seq);
      case 'write':
        return runStatements(item.statements);
      case 'acknowledge':
        acknowledge.run(item.messageId);
        return { kind: 'acknowledged' };
    }
  };
}

/** True when the item may have to be undone alone, in the ordinary course of things. */
export function needsSavepoint(item: BatchItem): boolean {
  if (item.kind === 'acknowledge') return false;
  if (item.kind === 'write') return true;
  const { extras } = item;
  return extras !== null && (extras.inbox !== null || extras.statements.length > 0);
}

interface StoredKey {
  readonly sagaId: string;
  readonly inputHash: string;
}

/** Takes a row out of the inbox, or writes its answer; false: it is not there any more. */
function prepareInbox(db: Database.Database, { inSql }: SqlNames) {
  const remove = db.prepare(inSql('DELETE FROM inbox WHERE id = ? AND settled_at IS NULL'));
  const answer = db.prepare(
    inSql('UPDATE inbox SET settled_at = ?, answer = ? WHERE id = ? AND settled_at IS NULL'),
  );
  return (row: NonNullable<TurnExtras['inbox']>, atMs: Parameter): boolean => {
    const { changes } =
      row.answer === null ? remove.run(row.id) : answer.run(atMs, row.answer, row.id);
    return changes === 1;
  };
}

/** What a turn says to rules of alerts. */
function prepareMarks(db: Database.Database, { inSql }: SqlNames) {
  const forget = db.prepare(inSql(FORGET_MARK));
  const end = db.prepare(
    inSql('UPDATE alert_marks SET ended_at = ? WHERE rule = ? AND sid = ? AND ended_at IS NULL'),
  );
  const open = db.prepare(inSql(OPEN_MARK));

  return (marks: TurnExtras['marks'], sid: Parameter, atMs: number): void => {
    for (const { rule, endsAfterMs, opens } of marks) {
      if (endsAfterMs !== null) {
        if (endsAfterMs > 0) forget.run(rule, sid, atMs - endsAfterMs);
        end.run(atMs, rule, sid);
      }
      if (opens === null) continue;
      open.run(rule, sid, opens.cause, atMs, opens.isOver ? atMs : null, opens.detail);
    }
  };
}

function prepareExtras(db: Database.Database, { inSql }: SqlNames) {
  const insertOutbox = db.prepare(
    inSql(
      'INSERT INTO outbox (id, sid, saga_seq, position, event, data) VALUES (?, ?, ?, ?, ?, ?)',
    ),
  );
  const openLetter = db.prepare(inSql(OPEN_LETTER));
  const closeLetter = db.prepare(
    inSql('UPDATE dead_letters SET resolved_at = ? WHERE sid = ? AND resolved_at IS NULL'),
  );
  const insertAudit = db.prepare(
    inSql('INSERT INTO audit (sid, saga_seq, at, command, by, reason) VALUES (?, ?, ?, ?, ?, ?)'),
  );

  const putPending = db.prepare(
    inSql('INSERT OR REPLACE INTO pending_starts SELECT sid, type, ?, ? FROM sagas WHERE sid = ?'),
  );
  const setVersion = db.prepare(
    inSql('UPDATE sagas SET version = ?, definition_hash = ? WHERE sid = ?'),
  );
  const removePending = db.prepare(inSql('DELETE FROM pending_starts WHERE sid = ?'));

  const writeMarks = prepareMarks(db, { inSql });

  return (journal: readonly Parameter[], extras: TurnExtras): void => {
    const { outbox, deadLetter, audit, pendingStart, version, marks } = extras;
    const seq = Number(journal[JOURNAL_SEQ]);
    const sid = journal[JOURNAL_SID];
    const sagaSeq = journal[JOURNAL_SAGA_SEQ];
    const atMs = journal[JOURNAL_AT];
    for (const { index, event, data } of outbox) {
      insertOutbox.run(outboxId(seq, index), sid, sagaSeq, index, event, data);
    }
    if (deadLetter !== null) {
      if (deadLetter.letter === null) closeLetter.run(atMs, sid);
      else openLetter.run(sid, deadLetter.kind, deadLetter.letter, atMs);
    }
    if (audit !== null) {
      insertAudit.run(sid, sagaSeq, atMs, audit.command, audit.by, audit.reason);
    }
    if (marks.length > 0) writeMarks(marks, sid ?? null, Number(atMs));
    if (version !== null) setVersion.run(version.version, version.definitionHash, sid);
    if (pendingStart?.kind === 'leave') removePending.run(sid);
    if (pendingStart?.kind === 'enter') {
      const { startAtMs } = pendingStart;
      putPending.run(startAtMs === null ? seq : null, startAtMs, sid);
    }
  };
}

const FORGET_MARK = `DELETE FROM alert_marks
  WHERE rule = ? AND sid = ? AND ended_at IS NULL AND is_counted = 0 AND since > ?`;

const OPEN_MARK = `INSERT INTO alert_marks (rule, sid, cause, since, ended_at, detail)
  VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT (rule, sid) WHERE ended_at IS NULL DO NOTHING`;

const INSERT_SAGA = `INSERT INTO sagas
  (sid, id, type, version, definition_hash, key, status, seq, wake_at, checksum, step, attempts,
   created_at, updated_at, ended_at, error, state, format)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ${STORED_FORMAT})
  ON CONFLICT (sid) DO NOTHING`;

const UPDATE_SAGA = `UPDATE sagas SET seq = ?, status = ?, wake_at = ?, checksum = ?, step = ?,
  attempts = ?, updated_at = ?, ended_at = ?, error = ?, state = ?, format = ${STORED_FORMAT}
  WHERE sid = ? AND seq = ?`;

// An unreadable state keeps its text, in whatever form it was written.
const PARK_SAGA = `UPDATE sagas SET seq = ?, status = ?, wake_at = ?, step = ?, attempts = ?,
  updated_at = ?, ended_at = ?, error = ?
  WHERE sid = ? AND seq = ?`;

// SQLite rewrites the entry of every index that a named column is part of, changed or not.
const UPDATE_PROGRESS = `UPDATE sagas SET seq = ?, checksum = ?, step = ?, attempts = ?,
  updated_at = ?, state = ?, format = ${STORED_FORMAT}
  WHERE sid = ? AND seq = ?`;

const INSERT_JOURNAL = `INSERT INTO journal
  (seq, sid, saga_seq, at, kind, cause, event, from_state, to_state, status, data, format)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ${STORED_FORMAT})`;

const OPEN_LETTER = `INSERT INTO dead_letters (sid, kind, letter, opened_at) VALUES (?, ?, ?, ?)
  ON CONFLICT (sid) WHERE resolved_at IS NULL
  DO UPDATE SET kind = excluded.kind, letter = excluded.letter, opened_at = excluded.opened_at`;
