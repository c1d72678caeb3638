/** The advisory lock that an owner holds for as long as its session lasts, and whoever migrates. */

/** First key of the lock; the second is of the schema, so that two engines share a database. */
const LOCK_CLASS = 0x4253;

/**
 * SQL that takes the lock for the session and answers whether it has it. Never waits: whoever waits
 * inside the server stops its clearing up meanwhile. `schema`: a checked name.
 */
export function tryOwnerLock(schema: string): string {
  return `SELECT pg_try_advisory_lock(${LOCK_CLASS}, hashtext('${schema}'))`;
}
