/**
 * `npm run foreign`: every machine that XState's own tests start, the SCXML suites among them, live
 * and durable. Nothing of XState's tests is here: they come from a checkout of its repository.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readFlags, refuse } from '../../fixtures/tool-flags.ts';
import { OUTCOMES, type Verdict } from './judged.ts';

const USAGE = `npm run foreign -- --core <checkout>/packages/core   XState with its dependencies installed
npm run foreign -- --core <folder> --only scxml      tests whose file has this in its name
npm run foreign -- --core <folder> --examples <checkout>/examples   its workflow examples instead`;

type Judged = Verdict & { readonly test: string };

const { core, only, examples } = readFlags(USAGE, {
  core: { type: 'string' },
  only: { type: 'string' },
  examples: { type: 'string' },
});
if (core === undefined || !existsSync(join(core, 'src/index.ts'))) {
  refuse('--core names the folder packages/core of a checkout of XState', USAGE);
}
if (examples !== undefined && !existsSync(join(examples, 'workflow-hello'))) {
  refuse('--examples names the folder examples of a checkout of XState', USAGE);
}
const folder = mkdtempSync(join(tmpdir(), 'backstep-foreign-'));
const verdicts = join(folder, 'verdicts.jsonl');
const startedMs = performance.now();
// Some of XState's tests count errors that no window is there to hear; only verdicts matter here.
spawnSync(
  process.execPath,
  [
    'node_modules/.bin/vitest',
    'run',
    '--config',
    besides('vitest.config.ts'),
    ...(only === undefined ? [] : [only]),
  ],
  {
    stdio: ['ignore', process.stderr, process.stderr],
    env: {
      ...process.env,
      BACKSTEP_XSTATE_CORE: resolve(core),
      BACKSTEP_VERDICTS: verdicts,
      ...(examples !== undefined && { BACKSTEP_XSTATE_EXAMPLES: resolve(examples) }),
    },
  },
);
if (!existsSync(verdicts)) refuse('no test of XState ran: look above', USAGE);
tell(
  readFileSync(verdicts, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Judged),
);
rmSync(folder, { recursive: true, force: true });

function tell(all: readonly Judged[]): void {
  const seconds = Math.round((performance.now() - startedMs) / 1_000);
  console.log(`${all.length} machines, ${seconds} s`);
  for (const [outcome, words] of Object.entries(OUTCOMES)) {
    const these = all.filter((each) => each.outcome === outcome);
    if (these.length === 0) continue;
    console.log(`\n${these.length} ${words}`);
    if (outcome !== 'same') for (const { test, why } of these) console.log(`  ${test}: ${why}`);
  }
  process.exitCode = all.some(({ outcome }) => outcome === 'different') ? 1 : 0;
}

function besides(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url));
}
