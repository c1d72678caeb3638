/**
 * The engine's own statements: each writes the rows of many items at once, from columns.
 *
 * Everything is named with its schema, `search_path` is never relied on. The functions they call
 * are made by the engine's migrations: `assert_owner` raises `BS001`, `assert_count` `BS002`.
 */
import { STORED_FORMAT } from '../../../core/history/stored-format.ts';
import { MESSAGES_PER_TURN } from '../../../core/turn/messages-per-turn.ts';
import type { ColumnType } from '../connection/wire.ts';

/** A column of a set, in the order of the item's parameters. */
export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** Told to people only: what PostgreSQL cannot store in a text is replaced, not refused. */
  readonly isShown?: true;
}

const bigint = (name: string): Column => ({ name, type: 'bigint' });
const text = (name: string): Column => ({ name, type: 'text' });
const shown = (name: string): Column => ({ name, type: 'text', isShown: true });

export const SAGA_COLUMNS = {
  start: [
    bigint('sid'),
    text('id'),
    text('type'),
    bigint('version'),
    text('definition_hash'),
    text('key'),
    text('status'),
    bigint('seq'),
    bigint('wake_at'),
    bigint('checksum'),
    text('step'),
    bigint('attempts'),
    bigint('created_at'),
    bigint('updated_at'),
    bigint('ended_at'),
    shown('error'),
    text('state'),
  ],
  turn: [
    bigint('seq'),
    text('status'),
    bigint('wake_at'),
    bigint('checksum'),
    text('step'),
    bigint('attempts'),
    bigint('updated_at'),
    bigint('ended_at'),
    shown('error'),
    text('state'),
    bigint('sid'),
    bigint('expected'),
  ],
  progress: [
    bigint('seq'),
    bigint('checksum'),
    text('step'),
    bigint('attempts'),
    bigint('updated_at'),
    text('state'),
    bigint('sid'),
    bigint('expected'),
  ],
  parking: [
    bigint('seq'),
    text('status'),
    bigint('wake_at'),
    text('step'),
    bigint('attempts'),
    bigint('updated_at'),
    bigint('ended_at'),
    shown('error'),
    bigint('sid'),
    bigint('expected'),
  ],
} as const satisfies Record<string, readonly Column[]>;

/** Where the end of a saga stands among the values of a turn; -1: such a turn ends none. */
export const ENDED_AT = {
  start: endedAtOf(SAGA_COLUMNS.start),
  turn: endedAtOf(SAGA_COLUMNS.turn),
  progress: endedAtOf(SAGA_COLUMNS.progress),
  parking: endedAtOf(SAGA_COLUMNS.parking),
};

function endedAtOf(columns: readonly Column[]): number {
  return columns.findIndex(({ name }) => name === 'ended_at');
}

/** What lists of sagas show of one that ended. */
const ENDED_COLUMNS =
  'sid, status, type, version, step, attempts, updated_at, ended_at, key, id, error';

/** Without the global seq, which comes first among an item's parameters. */
export const JOURNAL_COLUMNS: readonly Column[] = [
  bigint('sid'),
  bigint('saga_seq'),
  bigint('at'),
  text('kind'),
  text('cause'),
  shown('event'),
  text('from_state'),
  text('to_state'),
  text('status'),
  text('data'),
];

export const KEY_COLUMNS: readonly Column[] = [
  text('type'),
  text('key'),
  text('input_hash'),
  text('saga_id'),
];

export const OUTBOX_COLUMNS: readonly Column[] = [
  bigint('sid'),
  bigint('saga_seq'),
  bigint('position'),
  text('event'),
  text('data'),
];

export const LETTER_COLUMNS: readonly Column[] = [
  bigint('sid'),
  bigint('saga_seq'),
  bigint('at'),
  text('kind'),
  text('letter'),
];

export const AUDIT_COLUMNS: readonly Column[] = [
  bigint('sid'),
  bigint('saga_seq'),
  bigint('at'),
  text('command'),
  shown('by'),
  shown('reason'),
];

export const PENDING_COLUMNS: readonly Column[] = [
  bigint('sid'),
  bigint('saga_seq'),
  bigint('start_at'),
];

export const VERSION_COLUMNS: readonly Column[] = [
  bigint('sid'),
  bigint('version'),
  text('definition_hash'),
];

export const INBOX_COLUMNS: readonly Column[] = [
  bigint('sid'),
  bigint('saga_seq'),
  bigint('at'),
  bigint('id'),
  text('answer'),
];

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
    ...inboxOf(inSchema('inbox'), ofTurns, inSchema('assert_count')),
    setVersions: `UPDATE ${sagas} s SET version = i.version, definition_hash = i.definition_hash
      FROM ${rowsOf(VERSION_COLUMNS)} WHERE s.sid = i.sid`,
    /** Of everything after a seq: what a batch left whose answer was lost. */
    journalAfter: `SELECT seq, sid, saga_seq FROM ${journal} WHERE seq > $1 ORDER BY seq`,
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
  const keyed: Column = { name: 'is_keyed', type: 'boolean' };
  return {
    journal: `${insert} SELECT $1::bigint + i.ord, ${values}
      FROM ${rowsOf(JOURNAL_COLUMNS, 2, 'ord')}`,
    /** For a batch in which some have keys: those whose key was taken have no row in sagas. */
    keyedJournal: `${insert} SELECT $1::bigint + row_number() OVER (ORDER BY i.ord), ${values}
      FROM ${rowsOf([...JOURNAL_COLUMNS, keyed], 2, 'ord')}
      WHERE NOT i.is_keyed OR EXISTS (SELECT 1 FROM ${sagas} s WHERE s.sid = i.sid)`,
  };
}

function namesOf(columns: readonly Column[], prefix?: string): string {
  return columns
    .map(({ name }) => (prefix === undefined ? `"${name}"` : `${prefix}."${name}"`))
    .join(', ');
}

/** `unnest(...) AS i(...)`, its columns from parameter `first` on. */
function rowsOf(columns: readonly Column[], first = 1, ordinality?: string): string {
  const arrays = columns.map(({ type }, index) => `$${first + index}::${type}[]`).join(', ');
  const names = namesOf(columns);
  return ordinality === undefined
    ? `unnest(${arrays}) AS i(${names})`
    : `unnest(${arrays}) WITH ORDINALITY AS i(${names}, ${ordinality})`;
}
