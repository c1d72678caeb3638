/**
 * The engine's own statements: each writes the rows of many items at once, from columns.
 *
 * Everything is named with its schema, `search_path` is never relied on. The functions they call
 * are made by the engine's migrations: `assert_owner` raises `BS001`, `assert_count` `BS002`.
 */
import { STORED_FORMAT } from '../../../core/history/stored-format.ts';
import { MESSAGES_PER_TURN } from '../../../core/turn/messages-per-turn.ts';
import {
  AUDIT_COLUMNS,
  type Column,
  ENDED_COLUMNS,
  INBOX_COLUMNS,
  JOURNAL_COLUMNS,
  KEY_COLUMNS,
  KEYED_COLUMN,
  LETTER_COLUMNS,
  MARK_COLUMNS,
  namesOf,
  OUTBOX_COLUMNS,
  PENDING_COLUMNS,
  rowsOf,
  SAGA_COLUMNS,
  VERSION_COLUMNS,
} from './columns.ts';

/** The texts of all statements for the engine's tables in one schema. */
export type EngineStatements = ReturnType<typeof engineStatements>;

/** `schema` as its identifier is written, without quotes. */
export function engineStatements(schema: string) {
  const inSchema = (name: string): string => `"${schema}".${name}`;
  const sagas = inSchema('sagas');
  const journal = inSchema('journal');
  const keys = inSchema('start_keys');
  const ended = inSchema('ended_sagas');
  // What hangs off a turn is written only where the turn was: a start whose key is taken has none.
  const ofTurns = `JOIN ${journal} j ON j.sid = i.sid AND j.saga_seq = i.saga_seq`;

  return {
    owner: `SELECT ${inSchema('assert_owner')}($1::bigint), pg_current_xact_id()`,
    sagas: {
      ...startsOf(sagas, keys),
      turn: updateOf(sagas, SAGA_COLUMNS.turn, true, inSchema('assert_count')),
      progress: updateOf(sagas, SAGA_COLUMNS.progress, true, inSchema('assert_count')),
      parking: updateOf(sagas, SAGA_COLUMNS.parking, false, inSchema('assert_count')),
    },
    // Of those that had ended before, or end with their start, a trigger has seen to it already.
    noteEnds: `INSERT INTO ${ended} (${ENDED_COLUMNS}) SELECT ${ENDED_COLUMNS} FROM ${sagas} s
      WHERE sid = ANY ($1::bigint[]) AND ended_at IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM ${ended} e WHERE e.sid = s.sid)`,
    ...journalOf(journal, sagas),
    // In the order of the items, so that of equal keys in one batch the first has it.
    claimKeys: `INSERT INTO ${keys} (${namesOf(KEY_COLUMNS)})
      SELECT ${namesOf(KEY_COLUMNS, 'i')} FROM ${rowsOf(KEY_COLUMNS, 1, 'ord')}
      ORDER BY i.ord ON CONFLICT DO NOTHING`,
    takenKeys: `SELECT i.ord, k.saga_id, k.input_hash FROM ${rowsOf(KEY_COLUMNS, 1, 'ord')}
      JOIN ${keys} k ON k.type = i.type AND k.key = i.key WHERE k.saga_id <> i.saga_id`,
    storedKey: `SELECT saga_id, input_hash FROM ${keys} WHERE type = $1 AND key = $2`,
    storedSeqs: `SELECT sid, seq FROM ${sagas} WHERE sid = ANY ($1::bigint[])`,
    outbox: `INSERT INTO ${inSchema('outbox')} (id, ${namesOf(OUTBOX_COLUMNS)})
      SELECT j.seq * ${MESSAGES_PER_TURN} + i.position, ${namesOf(OUTBOX_COLUMNS, 'i')}
      FROM ${rowsOf(OUTBOX_COLUMNS)} ${ofTurns}`,
    acknowledge: `DELETE FROM ${inSchema('outbox')} WHERE id = ANY ($1::bigint[])`,
    openLetters: `INSERT INTO ${inSchema('dead_letters')} (sid, kind, letter, opened_at)
      SELECT i.sid, i.kind, i.letter, i.at FROM ${rowsOf(LETTER_COLUMNS, 1, 'ord')} ${ofTurns}
      ORDER BY i.ord
      ON CONFLICT (sid) WHERE resolved_at IS NULL DO UPDATE
      SET kind = excluded.kind, letter = excluded.letter, opened_at = excluded.opened_at`,
    closeLetters: `UPDATE ${inSchema('dead_letters')} d SET resolved_at = i.at
      FROM ${rowsOf(LETTER_COLUMNS)} WHERE d.sid = i.sid AND d.resolved_at IS NULL`,
    audit: `INSERT INTO ${inSchema('audit')} (${namesOf(AUDIT_COLUMNS)})
      SELECT ${namesOf(AUDIT_COLUMNS, 'i')} FROM ${rowsOf(AUDIT_COLUMNS, 1, 'ord')} ${ofTurns}
      ORDER BY i.ord`,
    enterPending: `INSERT INTO ${inSchema('pending_starts')} (sid, type, position, start_at)
      SELECT i.sid, s.type, CASE WHEN i.start_at IS NULL THEN j.seq END, i.start_at
      FROM ${rowsOf(PENDING_COLUMNS)} ${ofTurns} JOIN ${sagas} s ON s.sid = i.sid
      ON CONFLICT (sid) DO UPDATE SET type = excluded.type, position = excluded.position,
        start_at = excluded.start_at`,
    leavePending: `DELETE FROM ${inSchema('pending_starts')} WHERE sid = ANY ($1::bigint[])`,
    ...marksOf(inSchema('alert_marks'), ofTurns),
    ...inboxOf(inSchema('inbox'), ofTurns, inSchema('assert_count')),
    setVersions: `UPDATE ${sagas} s SET version = i.version, definition_hash = i.definition_hash
      FROM ${rowsOf(VERSION_COLUMNS)} WHERE s.sid = i.sid`,
    /** Of everything after a seq: what a batch left whose answer was lost. */
    journalAfter: `SELECT seq, sid, saga_seq FROM ${journal} WHERE seq > $1 ORDER BY seq`,
  };
}

function marksOf(marks: string, ofTurns: string) {
  const ends = `${rowsOf(MARK_COLUMNS.ends)} ${ofTurns}
      WHERE m.rule = i.rule AND m.sid = i.sid AND m.ended_at IS NULL`;
  return {
    forgetMarks: `DELETE FROM ${marks} m USING ${ends} AND m.is_counted = 0
        AND m.since > i.young_after AND i.young_after < i.at`,
    endMarks: `UPDATE ${marks} m SET ended_at = i.at FROM ${ends}`,
    openMarks: `INSERT INTO ${marks} (rule, sid, cause, since, ended_at, detail)
      SELECT i.rule, i.sid, i.cause, i.at, i.ended_at, i.detail
      FROM ${rowsOf(MARK_COLUMNS.opens, 1, 'ord')} ${ofTurns} ORDER BY i.ord
      ON CONFLICT (rule, sid) WHERE ended_at IS NULL DO NOTHING`,
  };
}

/** Rows that are not there any more fail the batch, as turns over another state do. */
function inboxOf(inbox: string, ofTurns: string, assertCount: string) {
  const dealtWith = (change: string): string => `WITH r AS (
      SELECT i.* FROM ${rowsOf(INBOX_COLUMNS)} ${ofTurns}), d AS (${change} RETURNING 1)
    SELECT ${assertCount}((SELECT count(*) FROM d), (SELECT count(*) FROM r))`;
  return {
    removeRows: dealtWith(
      `DELETE FROM ${inbox} b USING r WHERE b.id = r.id AND b.settled_at IS NULL`,
    ),
    answerRows: dealtWith(
      `UPDATE ${inbox} b SET settled_at = r.at, answer = r.answer FROM r
        WHERE b.id = r.id AND b.settled_at IS NULL`,
    ),
    waitingRow: `SELECT id FROM ${inbox} WHERE id = $1 AND settled_at IS NULL`,
  };
}

function startsOf(sagas: string, keys: string) {
  const columns = SAGA_COLUMNS.start;
  const insert = `INSERT INTO ${sagas} (${namesOf(columns)}, format)
    SELECT ${namesOf(columns, 'i')}, ${STORED_FORMAT} FROM ${rowsOf(columns)}`;
  return {
    start: insert,
    /** For a batch in which some have keys. */
    keyedStart: `${insert} WHERE i.key IS NULL OR EXISTS (SELECT 1 FROM ${keys} k
      WHERE k.type = i.type AND k.key = i.key AND k.saga_id = i.id)`,
  };
}

// Only what is named is written: `progress` names no column that an index has.
function updateOf(
  sagas: string,
  columns: readonly Column[],
  isState: boolean,
  assertCount: string,
): string {
  const written = columns.filter(({ name }) => name !== 'sid' && name !== 'expected');
  const sets = written.map(({ name }) => `${name} = i.${name}`);
  if (isState) sets.push(`format = ${STORED_FORMAT}`);
  return `WITH u AS (
      UPDATE ${sagas} s SET ${sets.join(', ')} FROM ${rowsOf(columns, 2)}
      WHERE s.sid = i.sid AND s.seq = i.expected RETURNING 1)
    SELECT ${assertCount}(count(*), $1::bigint) FROM u`;
}

/** The first parameter is the seq that was given last. */
function journalOf(journal: string, sagas: string) {
  const insert = `INSERT INTO ${journal} (seq, ${namesOf(JOURNAL_COLUMNS)}, format)`;
  const values = `${namesOf(JOURNAL_COLUMNS, 'i')}, ${STORED_FORMAT}`;
  return {
    journal: `${insert} SELECT $1::bigint + i.ord, ${values}
      FROM ${rowsOf(JOURNAL_COLUMNS, 2, 'ord')}`,
    /** For a batch in which some have keys: those whose key was taken have no row in sagas. */
    keyedJournal: `${insert} SELECT $1::bigint + row_number() OVER (ORDER BY i.ord), ${values}
      FROM ${rowsOf([...JOURNAL_COLUMNS, KEYED_COLUMN], 2, 'ord')}
      WHERE NOT i.is_keyed OR EXISTS (SELECT 1 FROM ${sagas} s WHERE s.sid = i.sid)`,
  };
}
