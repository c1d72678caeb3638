/** Fetches PostgreSQL where there is none, before `npm test`. */
import { fetchForTests } from '../fetched-package.ts';
import { postgresPackage } from './fetched-postgres.ts';
import { findPostgres } from './find-postgres.ts';

if (findPostgres(process.env) === null) fetchForTests(postgresPackage());
