/**
 * Notices what other programs write into the file, from the connection that writes for the engine.
 *
 * SQLite tells no other process. `data_version` changes with commits of other connections alone, and
 * asking for it costs microseconds, so an engine under load and an idle one ask equally often.
 */
import type Database from 'better-sqlite3';

/** How soon it is noticed. */
const EVERY_MS = 100;

/** Calls `tell` after another program has committed. Returns the way to stop. */
export function watchForeignWrites(db: Database.Database, tell: () => void): () => void {
  const version = db.prepare('PRAGMA data_version').pluck();
  let known = version.get();
  const timer = setInterval(() => {
    try {
      const now = version.get();
      if (now === known) return;
      known = now;
      tell();
    } catch {
      // The file is locked or cannot be read just now: a batch would say so, this asks again.
    }
  }, EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}
