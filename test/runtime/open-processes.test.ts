/** How a process ends that opened an engine, and how it may be started: real processes. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const OPEN = new URL('../../src/runtime/open-backstep.ts', import.meta.url).href;
/** One that hangs is stopped, and fails its test by its missing exit code. */
const LIMIT_MS = 20_000;

const folder = mkdtempSync(join(tmpdir(), 'backstep-open-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(program: string, database: string) {
  const text = `
    import { openBackstep } from '${OPEN}';
    const database = ${JSON.stringify(join(folder, database))};
    ${program}`;
  const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', text], {
    encoding: 'utf8',
    timeout: LIMIT_MS,
  });
  return { status, stdout };
}

test('a refused option leaves no file, and the process ends by itself', () => {
  const program = `
    await openBackstep({ database, keepEndedFor: 'x' }).catch((e) => console.log(e.code));
    console.log('end');`;
  expect(run(program, 'refused.db')).toEqual({ status: 0, stdout: 'input-invalid\nend\n' });
  expect(existsSync(join(folder, 'refused.db'))).toBe(false);
});

test('an engine that was opened and left does not keep the process', () => {
  const program = `
    const backstep = await openBackstep({ database });
    const page = { limit: 1, cursor: null };
    console.log((await backstep.read.listSagas({}, page)).items.length);`;
  expect(run(program, 'left.db')).toEqual({ status: 0, stdout: '0\n' });
});

test('one that was started does, until it is stopped', () => {
  const program = `
    const backstep = await openBackstep({ database });
    await backstep.start();
    // By itself this timer would be lost with the process.
    setTimeout(() => backstep.stop().then(() => console.log('stopped')), 50).unref();`;
  expect(run(program, 'started.db')).toEqual({ status: 0, stdout: 'stopped\n' });
});

test('one that was started twice is started once, and holds nothing after its stop', () => {
  const program = `
    const backstep = await openBackstep({ database });
    await Promise.all([backstep.start(), backstep.start()]);
    await backstep.start();
    console.log(backstep.health().kind);
    await backstep.stop();
    await backstep.start().catch((e) => console.log(e.code));`;
  expect(run(program, 'twice.db')).toEqual({ status: 0, stdout: 'ready\nunavailable\n' });
});

test('one that was opened and never started can be stopped', () => {
  const program = `
    const backstep = await openBackstep({ database });
    await backstep.stop();
    console.log('stopped');`;
  expect(run(program, 'stopped.db')).toEqual({ status: 0, stdout: 'stopped\n' });
});
