/**
 * Fetches PostgreSQL where there is none, before `npm test`. Where it cannot, the tests that need it
 * fail later and say what to do.
 */
import { fetchPostgres } from './fetched-postgres.ts';
import { findPostgres } from './find-postgres.ts';

if (findPostgres(process.env) === null) {
  process.stderr.write('No PostgreSQL found: fetching it for the tests.\n');
  try {
    fetchPostgres();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(`It could not be fetched (${reason}).\n`);
  }
}
