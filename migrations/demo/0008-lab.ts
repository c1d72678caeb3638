/**
 * The runs of the fault lab: which order a scenario was tried with, and what was noted on the way.
 *
 * Must never change after release: a later change is a later migration. Kept in the database so
 * that the outcome of a run that crashes the process is still shown after the restart.
 */
import { sql, type Kysely } from 'kysely';
import { createTable, type DatabaseKind } from './shared/create-table.ts';

const COLUMNS = `
    id INTEGER PRIMARY KEY,
    scenario TEXT NOT NULL,
    order_id TEXT NOT NULL UNIQUE,
    note TEXT NOT NULL DEFAULT '',
    started_at INTEGER NOT NULL
  `;

/** Creates the table. */
export async function up(db: Kysely<unknown>, kind: DatabaseKind = 'sqlite'): Promise<void> {
  await createTable(db, kind, 'lab_runs', COLUMNS);
  await sql`CREATE INDEX lab_runs_scenario ON lab_runs (scenario, id)`.execute(db);
}

/** Drops it, runs included. */
export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`DROP TABLE lab_runs`.execute(db);
}
