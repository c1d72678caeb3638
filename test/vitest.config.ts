/**
 * How the tests run: `vitest run --config test/vitest.config.ts`.
 *
 * It lives in test/ because the top level of the repository is fixed. The root stays the
 * repository, so that paths on the command line mean what they say.
 */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const TEST_TIMEOUT_MS = 30_000;

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    include: ['test/**/*.test.ts'],
    // Dependencies are loaded by Node itself, so the condition has to reach Node: with it xstate
    // is its development build, which warns about mistakes that the production build lets pass.
    execArgv: ['--conditions=development'],
    // By default one core stays idle, which on two of them doubles the time.
    maxWorkers: '100%',
    testTimeout: TEST_TIMEOUT_MS,
    hookTimeout: TEST_TIMEOUT_MS,
  },
});
