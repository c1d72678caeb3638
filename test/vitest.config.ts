/**
 * How the tests run: `vitest run --config test/vitest.config.ts`.
 *
 * It lives in test/ because the top level of the repository is fixed. The root stays the
 * repository, so that paths on the command line mean what they say.
 */
import { existsSync, statfsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { boundCompileCache, COMPILE_CACHE } from './compile-cache.ts';
import { SlowestFiles } from './slowest-files.ts';

const TEST_TIMEOUT_MS = 30_000;
const WORKERS_PER_CORE = 1.5;
const MEMORY_FOLDER = '/dev/shm';
const LEAST_ROOM_BYTES = 4 * 1024 ** 3;

/** A file that gets the result of the run as JSON, for whoever reads it with a program. */
const REPORT = process.env['BACKSTEP_TEST_REPORT'];

// Most tests open engines, and each engine starts threads: without the cache every thread reads
// its sources anew, which was half of the time that tests of the runtime took.
process.env['NODE_COMPILE_CACHE'] ??= COMPILE_CACHE;
boundCompileCache();

// Every commit waits for its sync, which on a disk is most of the time of a test. Databases of tests
// lie in memory where the system offers that; a faulty, slow or full disk is simulated either way.
// TMPDIR says another place.
if (hasRoomInMemory()) process.env['TMPDIR'] ??= MEMORY_FOLDER;

function hasRoomInMemory(): boolean {
  if (process.platform !== 'linux' || !existsSync(MEMORY_FOLDER)) return false;
  const { bavail, bsize } = statfsSync(MEMORY_FOLDER);
  return bavail * bsize > LEAST_ROOM_BYTES;
}

// The contract tests are run with the oldest XState that is taken, too.
const XSTATE = process.env['BACKSTEP_XSTATE'];

/**
 * Folders whose files each get a process of their own: they start processes, measure their own
 * memory, or break the runtime on purpose. The others share processes, one file after the other in
 * each: to load the product and its dependencies anew for each was a third of the whole run.
 */
const APART = [
  'bench',
  'browser',
  'cli',
  'e2e',
  'hazards',
  'package',
  'postgres',
  'restate',
  'simulation',
].map((folder) => `test/${folder}/**/*.test.ts`);

/** What is long by its nature, and stands in short in another file; a process each, too. */
const LONG = 'test/**/*.long.test.ts';

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  ...(XSTATE === undefined
    ? {}
    : { resolve: { alias: [{ find: /^xstate(?=\/|$)/, replacement: XSTATE }] } }),
  test: {
    // Files run in the order of their projects' names, then longest first: what is shared is short,
    // so that no core idles at the end.
    projects: [
      { extends: true, test: { name: 'apart', include: APART, exclude: [LONG] } },
      { extends: true, test: { name: 'long', include: [LONG] } },
      {
        extends: true,
        test: {
          name: 'shared',
          include: ['test/**/*.test.ts'],
          exclude: [...APART, LONG],
          isolate: false,
        },
      },
    ],
    globalSetup: ['test/postgres/global-setup.ts'],
    reporters: ['default', new SlowestFiles(), ...(REPORT === undefined ? [] : ['json'])],
    ...(REPORT === undefined ? {} : { outputFile: REPORT }),
    // Dependencies are loaded by Node itself, so the condition has to reach Node: with it xstate
    // is its development build, which warns about mistakes that the production build lets pass.
    execArgv: ['--conditions=development'],
    // Most files wait half of their time: for processes, servers, syncs and real timers.
    maxWorkers: Math.ceil(availableParallelism() * WORKERS_PER_CORE),
    testTimeout: TEST_TIMEOUT_MS,
    hookTimeout: TEST_TIMEOUT_MS,
  },
});
