/**
 * From here on a state may leave long results to its journal: stored form 2, see
 * src/core/history/stored-format.ts. Nothing of the schema changes; a program that reads only the
 * first form knows nothing of this migration, and so refuses the database as a whole, before it
 * parks one saga after the other as unreadable.
 *
 * Never edited after a release; a change is a new numbered file.
 */
export async function up(): Promise<void> {}
