/** The `backstep` command: how it ends, and what it says of a command line that makes no sense. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { typed } from './typed-commands.ts';

const CLI = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const INDEX = new URL('../../src/index.ts', import.meta.url).href;
const SAGAS = new URL('../fixtures/defective-sagas/forgetful.ts', import.meta.url).href;
/** A command that hangs is stopped, and fails its test by its missing exit code. */
const LIMIT_MS = 15_000;

const folder = mkdtempSync(join(tmpdir(), 'backstep-command-'));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function backstep(args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], {
    cwd: folder,
    encoding: 'utf8',
    timeout: LIMIT_MS,
  });
  return { status, stdout, stderr };
}

test('ends although the module it verified opened an engine', () => {
  const program = `
    import { openBackstep } from '${INDEX}';
    export { sound } from '${SAGAS}';
    const backstep = await openBackstep({ database: 'opened.db' });
    await backstep.start();
  `;
  writeFileSync(join(folder, 'opens-engine.ts'), program);
  const { status, stdout } = backstep(['verify', 'opens-engine.ts', '--json']);
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toHaveLength(1);
});

test('ends at the first interrupt while a server gives no answer', async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const address = silent.address();
  if (address === null || typeof address === 'string') throw new Error('has no port');
  const url = `http://127.0.0.1:${address.port}`;
  const asking = spawn(process.execPath, [CLI, 'ls', '--url', url], { cwd: folder });
  const [socket] = (await once(silent, 'connection')) as [NodeJS.ReadableStream];
  await once(socket, 'readable');
  const ended = once(asking, 'exit');
  asking.kill('SIGINT');
  expect(await ended).toEqual([null, 'SIGINT']);
  silent.close();
});

test('names the file of a folder that it cannot load', () => {
  const modules = mkdtempSync(join(folder, 'modules-'));
  writeFileSync(join(modules, 'a.mjs'), `export { sound } from '${SAGAS}';`);
  writeFileSync(join(modules, 'b.mjs'), `throw new Error('not today');`);
  const { status, stderr } = backstep(['verify', modules]);
  expect(status).toBe(2);
  expect(stderr).toContain(`cannot load ${join(modules, 'b.mjs')}: Error: not today`);
});

describe('a mistake is told in one sentence:', () => {
  test.each([
    [
      'a file that migrate would not have taken',
      ['migrate', 'data/old.db'],
      "too many arguments for 'migrate'. Expected 0 arguments but got 1: data/old.db.",
    ],
    [
      'a second saga to export',
      ['export', 'one', 'two'],
      'a journal is of one saga; add --move <file> to take several out',
    ],
    ['an export of nothing', ['export'], 'say which saga, or what to --move'],
    [
      'a move of nothing',
      ['export', '--move', 'out.jsonl'],
      'give sagas by their ids, or a filter, or --all',
    ],
    [
      'the end of a part of a move',
      ['export', '--done', 'out.jsonl', 'one'],
      '--done and --back are for all sagas of the file',
    ],
    [
      'an import under no sagas',
      ['import', 'out.jsonl'],
      'name with --module each module whose sagas will be registered here',
    ],
    ['a command that there is not', ['sow'], "unknown command 'sow'"],
    ['a module that is missing', ['verify'], "missing required argument 'module'"],
    ['an option that there is not', ['verify', 'saga.ts', '--bogus'], "unknown option '--bogus'"],
    ['a short option that there is not', ['migrate', '-x'], "unknown option '-x'"],
    [
      'an option without its value',
      ['migrate', '--db'],
      "option '--db <database>' argument missing",
    ],
    [
      'an option in the place of a value',
      ['migrate', '--db', '--schema'],
      "option '--db <database>' argument '--schema' is invalid. It needs a value.",
    ],
    [
      'an empty value',
      ['migrate', '--db='],
      "option '--db <database>' argument '' is invalid. It needs a value.",
    ],
    [
      'a value of an option that takes none',
      ['verify', 'saga.ts', '--json=no'],
      "unknown option '--json=no'",
    ],
  ])('%s', async (_, args, says) => {
    const { code, out, err } = await typed(args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    const [said, ...more] = err.split('\n').filter((line) => line !== '');
    expect(said).toBe(`backstep: ${says}`);
    const known = /^(\(Did you mean .*\)|Usage: backstep .*--help tells more)$/;
    expect(more.filter((line) => !known.test(line))).toEqual([]);
    expect(readdirSync(folder)).not.toContain('data');
  });
});

test.each([
  ['an option that there is not', ['ls', '--bogus', '--json'], "unknown option '--bogus'"],
  ['a command that there is not', ['lss', '--json'], "unknown command 'lss'"],
  ['a line that makes no sense', ['retry', '--json'], 'say which saga to retry, or give a filter'],
])('with --json a mistake is JSON: %s', async (_, args, says) => {
  const { code, out, err } = await typed(args);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(JSON.parse(err)).toMatchObject({
    error: { code: 'usage', message: expect.stringContaining(says) as unknown },
  });
});

test('says which version it is', async () => {
  const version = /^\d+\.\d+\.\d+\S*\n$/;
  expect(await typed(['--version'])).toMatchObject({
    code: 0,
    out: expect.stringMatching(version) as unknown,
  });
});

describe('a module that cannot be loaded is told in one sentence:', () => {
  test('it is not there', () => {
    expect(backstep(['verify', 'nofile.ts'])).toEqual({
      status: 2,
      stdout: '',
      stderr: 'backstep: nofile.ts: there is no such file; check the path\n',
    });
  });

  test('it is no module', () => {
    writeFileSync(join(folder, 'NOTES.md'), '# Notes\n');
    expect(backstep(['verify', 'NOTES.md'])).toEqual({
      status: 2,
      stdout: '',
      stderr: 'backstep: NOTES.md is no module; name a .ts, .js or .mjs file that exports a saga\n',
    });
  });
});

test('migrate refuses a file that is no database and leaves nothing beside it', () => {
  writeFileSync(join(folder, 'README.md'), '# No database\n'.repeat(100));
  const { status, stderr } = backstep(['migrate', '--db', 'README.md']);
  expect(status).toBe(1);
  expect(stderr).toMatch(/^backstep: .*README\.md: .*; give the path of a Backstep database\n$/);
  expect(readdirSync(folder).filter((name) => name.startsWith('README'))).toEqual(['README.md']);
});

test('migrate runs the files of a folder that is named, and needs it from then on', () => {
  mkdirSync(join(folder, 'own'));
  writeFileSync(join(folder, 'own', '0100-seats.js'), 'export const up = () => Promise.resolve();');
  const migrate = (...more: string[]) => backstep(['migrate', '--db', 'own.db', ...more]);
  expect(migrate('--migrations', 'own')).toEqual({
    status: 0,
    stdout: 'own.db has the schema of this version\n',
    stderr: '',
  });
  const { status, stderr } = migrate();
  expect(status).toBe(1);
  expect(stderr).toMatch(/\(0100-seats\); .*give its migrations folder\n$/);
});
