/**
 * The range of XState that a user may have installed: the whole suite runs with its newest version,
 * and the contract with what XState marks internal holds with its oldest as well.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';

const LIMIT_MS = 120_000;
const Manifest = z.object({
  peerDependencies: z.object({ xstate: z.string() }),
  devDependencies: z.object({ xstate: z.string(), 'xstate-lowest': z.string() }),
});

const { peerDependencies, devDependencies } = Manifest.parse(
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')),
);

test('begins with the version that is tried as its oldest, and ends before the next major', () => {
  const oldest = devDependencies['xstate-lowest'].replace('npm:xstate@', '');
  expect(peerDependencies.xstate).toBe(`^${oldest}`);
  expect(devDependencies.xstate).toMatch(/^5\.\d+\.\d+$/);
});

test(
  'holds what the core takes for granted with the oldest',
  () => {
    const tests = [
      'test/core/machine/macrostep/scope.test.ts',
      'test/core/machine/macrostep/microsteps.test.ts',
    ];
    const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/vitest.config.ts'];
    const env = {
      ...process.env,
      NO_COLOR: '1',
      FORCE_COLOR: undefined,
      BACKSTEP_XSTATE: 'xstate-lowest',
    };
    const walks = 'test/differential/microsteps.test.ts';
    const ran = spawnSync(process.execPath, [...vitest, ...tests, walks], {
      encoding: 'utf8',
      env,
    });
    const said = ran.stdout + ran.stderr;
    expect({ code: ran.status, said }).toEqual({
      code: 0,
      said: expect.stringMatching(/Test Files +3 passed/) as unknown,
    });
  },
  LIMIT_MS,
);
