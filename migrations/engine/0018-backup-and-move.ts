/**
 * What tells the lives of a database apart that was restored from a copy, and sagas that were moved
 * to another database, or came from one.
 *
 * Never edited after a release; a change is a new numbered file.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS: readonly string[] = [
  // is_copy: 1 in a copy that nobody has opened since: whoever does begins a new generation.
  'ALTER TABLE engine ADD COLUMN generation INTEGER NOT NULL DEFAULT 1',
  'ALTER TABLE engine ADD COLUMN is_copy INTEGER NOT NULL DEFAULT 0',
  'ALTER TABLE engine ADD COLUMN copied_at INTEGER',
  'ALTER TABLE engine ADD COLUMN restored_at INTEGER',
  // 1: the sagas shown here live elsewhere, on Restate.
  'ALTER TABLE engine ADD COLUMN is_projection INTEGER NOT NULL DEFAULT 0',
  // The id that its receivers know a message by; null: its own. Only messages that were moved have one.
  'ALTER TABLE outbox ADD COLUMN known_as INTEGER',
  // Kept when a saga is removed: a start with its key is still told where it went.
  `CREATE TABLE moved_sagas (
    saga_id TEXT NOT NULL,
    move TEXT NOT NULL,
    phase TEXT NOT NULL CHECK (phase IN ('leaving', 'gone', 'here')),
    place TEXT NOT NULL,
    at INTEGER NOT NULL,
    sid INTEGER NOT NULL,
    standing TEXT,
    PRIMARY KEY (saga_id, move)
  ) STRICT, WITHOUT ROWID`,
  'CREATE INDEX moved_sagas_by_move ON moved_sagas (move)',
  "CREATE INDEX moved_sagas_leaving ON moved_sagas (sid) WHERE phase = 'leaving'",
  'CREATE INDEX dead_letters_by_saga ON dead_letters (sid)',
];
