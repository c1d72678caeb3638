/**
 * The values of turns as columns of sets: their order, and how statements name them.
 */
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
export const ENDED_COLUMNS =
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

/** Behind those of the journal, in a batch in which some start with keys. */
export const KEYED_COLUMN: Column = { name: 'is_keyed', type: 'boolean' };

/** Of statements that want a list of ids. */
export const ID_COLUMNS: readonly Column[] = [bigint('id')];

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

/** What turns say to rules of alerts. */
export const MARK_COLUMNS = {
  ends: [
    bigint('sid'),
    bigint('saga_seq'),
    bigint('at'),
    text('rule'),
    // A mark since after this is forgotten: nobody was to be told of it.
    bigint('young_after'),
  ],
  opens: [
    bigint('sid'),
    bigint('saga_seq'),
    bigint('at'),
    text('rule'),
    text('cause'),
    bigint('ended_at'),
    shown('detail'),
  ],
} as const satisfies Record<string, readonly Column[]>;

/** The columns as they are listed in a statement. */
export function namesOf(columns: readonly Column[], prefix?: string): string {
  return columns
    .map(({ name }) => (prefix === undefined ? `"${name}"` : `${prefix}."${name}"`))
    .join(', ');
}

/**
 * The rows of columns as `i`, the columns from parameter `first` on. Taken apart side by side in a
 * list of results: as a table of its own each column would be kept whole first, which was a third of
 * what the server did for a batch.
 */
export function rowsOf(columns: readonly Column[], first = 1, ordinality?: string): string {
  const taken = columns.map(
    ({ name, type }, index) => `unnest($${first + index}::${type}[]) AS "${name}"`,
  );
  if (ordinality !== undefined) {
    taken.push(`generate_series(1, cardinality($${first})) AS ${ordinality}`);
  }
  return `(SELECT ${taken.join(', ')}) AS i`;
}
