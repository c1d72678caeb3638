/** Fetches PostgreSQL where there is none, before `npm test`. */
import { fetchForTests } from '../fetched-package.ts';
import { POSTGRES_PACKAGE } from './fetched-postgres.ts';
import { findPostgres } from './find-postgres.ts';

if (findPostgres(process.env) === null) fetchForTests(POSTGRES_PACKAGE);
