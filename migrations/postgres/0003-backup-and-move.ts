/**
 * What migrations/engine/0018-backup-and-move.ts makes in a file of SQLite.
 *
 * Never edited after a release; a change is a new numbered file.
 */
import { type Kysely, sql } from 'kysely';

const TEXT = 'text COLLATE "C"';

export async function up(db: Kysely<unknown>, schema: string): Promise<void> {
  const home = `"${schema}"`;
  const statements = [
    `ALTER TABLE ${home}.engine
      ADD COLUMN generation bigint NOT NULL DEFAULT 1,
      ADD COLUMN is_copy bigint NOT NULL DEFAULT 0,
      ADD COLUMN copied_at bigint,
      ADD COLUMN restored_at bigint,
      ADD COLUMN is_projection bigint NOT NULL DEFAULT 0`,
    `ALTER TABLE ${home}.outbox ADD COLUMN known_as bigint`,
    `CREATE TABLE ${home}.moved_sagas (
      saga_id ${TEXT} NOT NULL,
      move ${TEXT} NOT NULL,
      phase ${TEXT} NOT NULL CHECK (phase IN ('leaving', 'gone', 'here')),
      place ${TEXT} NOT NULL,
      at bigint NOT NULL,
      sid bigint NOT NULL,
      standing ${TEXT},
      PRIMARY KEY (saga_id, move)
    )`,
    `CREATE INDEX moved_sagas_by_move ON ${home}.moved_sagas (move)`,
    `CREATE INDEX moved_sagas_leaving ON ${home}.moved_sagas (sid) WHERE phase = 'leaving'`,
    `CREATE INDEX dead_letters_by_saga ON ${home}.dead_letters (sid)`,
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}
