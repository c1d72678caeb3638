/** The types of the tables against the tables themselves. */
import { describe, expect, it } from 'vitest';
import { migrateDatabase } from '../../src/store/migrate-database.ts';
import { migratePostgres } from '../../src/store/postgres/migrate.ts';
import type { EngineTables } from '../../src/store/schema.ts';
import { connectTo, describeOnPostgres, postgresDatabase } from '../postgres/databases.ts';
import { connect, temporaryDatabase } from './store-fixture.ts';

/** The compiler demands every column of every table here, and no other. */
type Columns = {
  readonly [Table in keyof EngineTables]: {
    readonly [Column in keyof EngineTables[Table]]-?: null extends EngineTables[Table][Column]
      ? 'nullable'
      : 'required';
  };
};

const COLUMNS: Columns = {
  alert_rules: { name: 'required', fingerprint: 'required', scanned_sid: 'nullable' },
  alert_marks: {
    id: 'required',
    rule: 'required',
    sid: 'required',
    cause: 'required',
    since: 'required',
    ended_at: 'nullable',
    is_counted: 'required',
    detail: 'nullable',
  },
  alert_incidents: {
    id: 'required',
    rule: 'required',
    cause: 'required',
    opened_at: 'nullable',
    resolved_at: 'nullable',
    state: 'required',
  },
  alert_deliveries: {
    id: 'required',
    message: 'required',
    target: 'required',
    incident: 'nullable',
    rule: 'nullable',
    kind: 'required',
    body: 'required',
    created_at: 'required',
    due_at: 'nullable',
    attempts: 'required',
    settled_at: 'nullable',
    outcome: 'nullable',
    error: 'nullable',
  },
  sagas: {
    sid: 'required',
    id: 'required',
    type: 'required',
    version: 'required',
    definition_hash: 'required',
    key: 'nullable',
    status: 'required',
    seq: 'required',
    wake_at: 'nullable',
    state: 'required',
    checksum: 'required',
    step: 'nullable',
    attempts: 'required',
    error: 'nullable',
    created_at: 'required',
    updated_at: 'required',
    ended_at: 'nullable',
    format: 'required',
  },
  saga_steps: {
    saga_id: 'required',
    sid: 'required',
    position: 'required',
    step_name: 'required',
    occurrence: 'required',
    status: 'required',
    attempts: 'required',
    started_at: 'required',
    ended_at: 'nullable',
    error: 'nullable',
    compensation_name: 'nullable',
    compensation_status: 'nullable',
    compensation_attempts: 'nullable',
    compensation_started_at: 'nullable',
    compensation_ended_at: 'nullable',
  },
  journal: {
    seq: 'required',
    sid: 'required',
    saga_seq: 'required',
    at: 'required',
    kind: 'required',
    cause: 'required',
    event: 'required',
    from_state: 'nullable',
    to_state: 'required',
    status: 'required',
    data: 'required',
    format: 'required',
  },
  outbox: {
    id: 'required',
    sid: 'required',
    saga_seq: 'required',
    position: 'required',
    event: 'required',
    data: 'required',
    known_as: 'nullable',
  },
  start_keys: {
    type: 'required',
    key: 'required',
    input_hash: 'required',
    saga_id: 'required',
    final_status: 'nullable',
  },
  dead_letters: {
    id: 'required',
    sid: 'required',
    kind: 'required',
    letter: 'required',
    opened_at: 'required',
    resolved_at: 'nullable',
  },
  audit: {
    id: 'required',
    sid: 'required',
    saga_seq: 'required',
    at: 'required',
    command: 'required',
    by: 'required',
    reason: 'nullable',
  },
  pending_starts: {
    sid: 'required',
    type: 'required',
    position: 'nullable',
    start_at: 'nullable',
  },
  bulk_commands: {
    id: 'required',
    command: 'required',
    by: 'required',
    reason: 'nullable',
    filter: 'nullable',
    total: 'required',
    created_at: 'required',
    started_at: 'nullable',
    ended_at: 'nullable',
  },
  bulk_items: {
    bulk_id: 'required',
    position: 'required',
    saga_id: 'required',
    outcome: 'nullable',
    status: 'nullable',
    detail: 'nullable',
  },
  revoked_sessions: { id: 'required', until: 'required' },
  engine: {
    id: 'required',
    owner_epoch: 'required',
    left_clean: 'required',
    removal_held_ms: 'nullable',
    generation: 'required',
    is_copy: 'required',
    copied_at: 'nullable',
    restored_at: 'nullable',
    is_projection: 'required',
  },
  moved_sagas: {
    saga_id: 'required',
    move: 'required',
    phase: 'required',
    place: 'required',
    at: 'required',
    sid: 'required',
    standing: 'nullable',
  },
  feed_epochs: { id: 'required', name: 'required', after_seq: 'required' },
  inbox: {
    id: 'required',
    kind: 'required',
    target: 'required',
    payload: 'required',
    key: 'nullable',
    options: 'nullable',
    request: 'nullable',
    created_at: 'required',
    settled_at: 'nullable',
    answer: 'nullable',
  },
};

/** A column as a database tells of it. */
interface ColumnInfo {
  readonly name: string;
  readonly isNullable: boolean;
}

async function columnsInSqlite(): Promise<(table: string) => readonly ColumnInfo[]> {
  const path = temporaryDatabase();
  await migrateDatabase(path);
  const statement = connect(path).prepare<[string], { name: string; notnull: number; pk: number }>(
    'SELECT name, "notnull", pk FROM pragma_table_info(?)',
  );
  return (table) =>
    statement
      .all(table)
      .map(({ name, notnull, pk }) => ({ name, isNullable: notnull === 0 && pk === 0 }));
}

async function columnsInPostgres(): Promise<(table: string) => readonly ColumnInfo[]> {
  const { url } = await postgresDatabase();
  await migratePostgres(url, { schema: 'Order' });
  const { rows } = await (
    await connectTo(url)
  ).query<ColumnInfo & { table: string }>(
    `SELECT table_name AS table, column_name AS name, is_nullable = 'YES' AS "isNullable"
     FROM information_schema.columns WHERE table_schema = 'Order'`,
  );
  return (table) => rows.filter((row) => row.table === table);
}

const names = (columns: readonly { name: string }[]) => columns.map(({ name }) => name).sort();

describe('the schema in SQLite', () => {
  it('has the columns that the types name', async () => expectColumns(await columnsInSqlite()));
});

describeOnPostgres('the schema in PostgreSQL', () => {
  it('has the columns that the types name', async () => expectColumns(await columnsInPostgres()));
});

function expectColumns(columnsOf: (table: string) => readonly ColumnInfo[]): void {
  for (const [table, expected] of Object.entries(COLUMNS)) {
    const found = columnsOf(table);
    expect([table, names(found)]).toEqual([table, Object.keys(expected).sort()]);
    if (table === 'saga_steps') continue; // a view knows no NOT NULL
    const nullable = Object.entries(expected).filter(([, kind]) => kind === 'nullable');
    expect([table, names(found.filter(({ isNullable }) => isNullable))]).toEqual([
      table,
      nullable.map(([name]) => name).sort(),
    ]);
  }
}
