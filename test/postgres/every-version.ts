/**
 * `npm run postgres-versions`: the tests of the PostgreSQL store on every version that the product
 * takes, each fetched by its hash. One line a version; fails when a test of any failed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fetchPackage } from '../fetched-package.ts';
import { FETCHED_MAJORS, postgresPackage, programsIn } from './fetched-postgres.ts';

const VITEST = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
const CONFIG = fileURLToPath(new URL('../vitest.config.ts', import.meta.url));
const TESTS = ['test/store/conformance', 'test/store/postgres', 'test/postgres'];

const asked = process.argv.slice(2).map(Number);
let failed = 0;
for (const major of asked.length > 0 ? asked : FETCHED_MAJORS) {
  const wanted = postgresPackage(major);
  const programs = programsIn(wanted);
  if (!existsSync(programs)) fetchPackage(wanted);
  const startedMs = performance.now();
  const { status } = spawnSync(process.execPath, [VITEST, 'run', '--config', CONFIG, ...TESTS], {
    env: { ...process.env, BACKSTEP_TEST_POSTGRES: programs },
    stdio: 'inherit',
  });
  if (status !== 0) failed += 1;
  const seconds = Math.round((performance.now() - startedMs) / 1_000);
  console.log(`PostgreSQL ${major}: ${status === 0 ? 'passed' : 'FAILED'} in ${seconds} s`);
}
process.exitCode = failed === 0 ? 0 : 1;
