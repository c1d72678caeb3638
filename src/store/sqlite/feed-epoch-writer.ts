/** Begins a feed epoch, see feed-epochs.ts, in the writer's own connection. */
import { randomBytes } from 'node:crypto';
import type Database from 'better-sqlite3';

/** Epochs that are kept: who comes with an older one begins anew. */
const MAX_EPOCHS = 1_000;
const NAME_BYTES = 6;

/** Begins the epoch of this opening. */
export function beginFeedEpoch(db: Database.Database, lastSeq: number): void {
  const name = randomBytes(NAME_BYTES).toString('base64url');
  const insert = db.prepare('INSERT INTO feed_epochs (name, after_seq) VALUES (?, ?)');
  const { lastInsertRowid } = insert.run(name, lastSeq);
  const prune = db.prepare('DELETE FROM feed_epochs WHERE id <= ?');
  prune.run(Number(lastInsertRowid) - MAX_EPOCHS);
}
