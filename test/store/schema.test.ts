/** The types of the tables against the tables themselves. */
import { describe, expect, it } from 'vitest';
import { migrateDatabase } from '../../src/store/migrate-database.ts';
import type { EngineTables } from '../../src/store/schema.ts';
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
  },
  feed_epochs: { id: 'required', name: 'required', after_seq: 'required' },
};

interface ColumnInfo {
  readonly name: string;
  readonly notnull: number;
  readonly pk: number;
}

describe('the schema', () => {
  it.each(Object.entries(COLUMNS))(
    'has the columns of %s that the types name',
    async (table, columns) => {
      const path = temporaryDatabase();
      await migrateDatabase(path);
      const info = connect(path)
        .prepare<[string], ColumnInfo>('SELECT name, "notnull", pk FROM pragma_table_info(?)')
        .all(table);
      expect(info.map((column) => column.name).sort()).toEqual(Object.keys(columns).sort());
      if (table === 'saga_steps') return; // a view knows no NOT NULL
      const nullable = info.filter((column) => column.notnull === 0 && column.pk === 0);
      const expected = Object.entries(columns).filter(([, kind]) => kind === 'nullable');
      expect(nullable.map((column) => column.name).sort()).toEqual(
        expected.map(([name]) => name).sort(),
      );
    },
  );
});
