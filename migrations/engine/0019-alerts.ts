/**
 * Alerts: what turns mark for rules, the incidents that these make, and the messages about them.
 *
 * Never edited after a release; a change is a new numbered file. A turn writes a mark only where a
 * rule asks for it; without rules these tables stay empty and no turn looks at them.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS: readonly string[] = [
  // scanned_sid: so far were sagas looked at that were there before the rule; null: all of them.
  `CREATE TABLE alert_rules (
    name TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    scanned_sid INTEGER
  ) STRICT, WITHOUT ROWID`,
  // That a saga stands as a rule says, since then; ended_at: no more. is_counted: in its incident.
  `CREATE TABLE alert_marks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    rule TEXT NOT NULL,
    sid INTEGER NOT NULL,
    cause TEXT NOT NULL,
    since INTEGER NOT NULL,
    ended_at INTEGER,
    is_counted INTEGER NOT NULL DEFAULT 0,
    detail TEXT
  ) STRICT`,
  `CREATE UNIQUE INDEX alert_marks_open ON alert_marks (rule, sid) WHERE ended_at IS NULL`,
  `CREATE INDEX alert_marks_new ON alert_marks (rule, since) WHERE is_counted = 0`,
  `CREATE INDEX alert_marks_over ON alert_marks (id) WHERE is_counted = 1 AND ended_at IS NOT NULL`,
  // opened_at null: failures are counted that are too few so far.
  `CREATE TABLE alert_incidents (
    id TEXT PRIMARY KEY,
    rule TEXT NOT NULL,
    cause TEXT NOT NULL,
    opened_at INTEGER,
    resolved_at INTEGER,
    state TEXT NOT NULL
  ) STRICT, WITHOUT ROWID`,
  `CREATE UNIQUE INDEX alert_incidents_open ON alert_incidents (rule, cause)
    WHERE resolved_at IS NULL`,
  // due_at null: nothing more is tried.
  `CREATE TABLE alert_deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    message TEXT NOT NULL,
    target TEXT NOT NULL,
    incident TEXT,
    rule TEXT,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    due_at INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    settled_at INTEGER,
    outcome TEXT,
    error TEXT,
    UNIQUE (message, target)
  ) STRICT`,
  `CREATE INDEX alert_deliveries_due ON alert_deliveries (target, due_at) WHERE due_at IS NOT NULL`,
  `CREATE INDEX alert_deliveries_lost ON alert_deliveries (settled_at) WHERE outcome = 'given-up'`,
];
