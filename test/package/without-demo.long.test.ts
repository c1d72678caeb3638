/**
 * Deleting the demo leaves a product: a copy of the repository without it type-checks, keeps the
 * rules of its house, and passes its tests; here a share of them, `npm run without-demo` all.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { copyWithoutDemo } from './without-demo.ts';

const LIMIT_MS = 120_000;
/** The whole suite takes minutes. */
const ALL_LIMIT_MS = 1_200_000;
const TRIES_ALL = process.env['BACKSTEP_WITHOUT_DEMO'] === 'all';

/** The house, the core, what is shown of it, the engine, and pages. */
const SHARE = [
  'test/tidy.test.ts',
  'test/core/turn/turn.test.ts',
  'test/explain/rail.test.ts',
  'test/runtime/outside/emitted-events.test.ts',
  'test/server/dashboard/operator-pages.test.ts',
];

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'backstep-without-demo-')));

beforeAll(() => copyWithoutDemo(folder));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(program: string, ...args: readonly string[]) {
  const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined };
  const path = join(folder, 'node_modules', program);
  const ran = spawnSync(process.execPath, [path, ...args], { cwd: folder, encoding: 'utf8', env });
  return { code: ran.status, said: ran.stdout + ran.stderr };
}

test(
  'what is left type-checks',
  () => expect(run('typescript/bin/tsc', '--noEmit')).toEqual({ code: 0, said: '' }),
  LIMIT_MS,
);

test(
  'what is left passes its tests',
  () => {
    const config = ['--config', 'test/vitest.config.ts', '--testTimeout=60000'];
    const { code, said } = run('vitest/vitest.mjs', 'run', ...config, ...(TRIES_ALL ? [] : SHARE));
    expect({ code, said }).toEqual({
      code: 0,
      said: expect.stringMatching(/Tests +\d+ passed \(/) as unknown,
    });
  },
  TRIES_ALL ? ALL_LIMIT_MS : LIMIT_MS,
);
