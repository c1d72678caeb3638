/**
 * What a user of the published package gets: it is packed, put into a project as npm would put it,
 * and the programs of the README are type-checked and run there as they stand.
 *
 * Without a network: the dependencies are links to those of the repository.
 */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publint } from 'publint';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { unnamedTypes } from './declarations.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DEPENDENCIES = join(ROOT, 'node_modules');
/** A user's program that serves an engine and looks at a page of it, its drawing and its files. */
const SERVE = `import { openBackstep } from 'backstep';
import { serveBackstep } from 'backstep/server';
import { tripSaga } from './saga.ts';

const backstep = await openBackstep({ database: 'served.db' });
const activities = {
  bookHotel: () => ({ booking: '' }),
  cancelHotel: () => {},
  chargeCard: () => ({ receipt: '' }),
};
backstep.register(tripSaga, { activities });
await backstep.start();
const server = await serveBackstep({ backstep, port: 0, prefix: '/ops' });
for (const path of ['/api/health', '/definitions/trip', '/assets/backstep.css', '/assets/htmx.js']) {
  const answer = await fetch(server.url + '/ops' + path);
  const text = await answer.text();
  console.log(path, answer.status, text.includes('Statechart of trip'));
}
await server.stop();
await backstep.stop();
`;
/** What the user of the README has installed beside Backstep. */
const OWN_PACKAGES = ['typescript', 'vitest', 'xstate', 'zod', '@types/node'];

/** It is built before it is packed, on a machine that runs other tests too. */
const PACK_MS = 120_000;

const project = realpathSync(mkdtempSync(join(tmpdir(), 'backstep-packed-')));
const installed = join(project, 'node_modules/backstep');

interface Manifest {
  readonly bin: { readonly backstep: string };
  readonly dependencies: Readonly<Record<string, string>>;
}

function run(program: string, args: readonly string[], cwd = project) {
  const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined };
  const ran = spawnSync(program, args, { cwd, encoding: 'utf8', env });
  return { code: ran.status, out: ran.stdout, err: ran.stderr };
}

function done({ code, out, err }: ReturnType<typeof run>): string {
  if (code !== 0) throw new Error(`ended with ${code}: ${out}${err}`);
  return out;
}

function node(...args: readonly string[]) {
  return run(process.execPath, args);
}

/** The program of the README that opens with its file's name. */
function fromReadme(file: string): string {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const program = readme.split('```').find((block) => block.startsWith(`ts\n// ${file}\n`));
  if (program === undefined) throw new Error(`README.md has no program "${file}"`);
  return program.slice('ts\n'.length);
}

function manifest(): Manifest {
  return JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as Manifest;
}

function link(name: string): void {
  const path = join(project, 'node_modules', name);
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(join(DEPENDENCIES, name), path);
}

beforeAll(() => {
  const tarball = done(run('npm', ['pack', '--silent', '--pack-destination', project], ROOT));
  mkdirSync(installed, { recursive: true });
  done(run('tar', ['-xzf', join(project, tarball.trim()), '--strip-components=1'], installed));
  for (const name of new Set([...Object.keys(manifest().dependencies), ...OWN_PACKAGES])) {
    link(name);
  }
  for (const file of ['saga.ts', 'main.ts', 'saga.test.ts']) {
    writeFileSync(join(project, file), fromReadme(file));
  }
  const promised = readFileSync(join(ROOT, 'test/package/typed-api.ts'), 'utf8');
  writeFileSync(join(project, 'typed-api.ts'), promised.replace('../../src/index.ts', 'backstep'));
  writeFileSync(join(project, 'lacking.ts'), LACKING);
  writeFileSync(join(project, 'serve.ts'), SERVE);
  writeFileSync(join(project, 'package.json'), JSON.stringify({ type: 'module' }));
}, PACK_MS);

/** Programs that the compiler refuses, each line with the sentence that it says. */
const LACKING = `
import { draft } from './typed-api.ts';
draft.step('bookHotel', { input: ({ input }) => input });
draft.step('book', { kind: 'pivot', input: ({ input }) => input });
draft.step('payDeposit', { kind: 'pivot', input: () => ({ booking: '' }), compensate: {} });
draft.step('bookHotel', { kind: 'pivot', input: ({ input }) => input, tiemout: '3s' });
`;
const SENTENCES = [
  [3, 'step \\"bookHotel\\" needs \\"compensate\\", or a kind: pivot, retriable or read-only'],
  [4, 'no activity is called \\"book\\": say in \\"activity\\" which one it calls'],
  [5, 'a pivot step is never compensated'],
  [6, "Did you mean to write 'timeout'?"],
] as const;

afterAll(() => rmSync(project, { recursive: true, force: true }));

test('holds what a user needs and no source', () => {
  expect(readdirSync(installed).toSorted()).toEqual([
    'LICENSE',
    'README.md',
    'dist',
    'package.json',
    'public',
  ]);
  const files = readdirSync(installed, { recursive: true, encoding: 'utf8' });
  expect(files.filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))).toEqual([]);
  expect(files.filter((file) => file.startsWith('dist/src/demo'))).toEqual([]);
});

test('exports every type that its public signatures speak of', () => {
  expect(unnamedTypes(join(installed, 'dist/src/index.d.ts'))).toEqual([]);
});

test('leads from its README to files that are in it', () => {
  const readme = readFileSync(join(installed, 'README.md'), 'utf8');
  const links = [...readme.matchAll(/\]\(([^)#]+)/g)].map(([, target = '']) => target);
  const own = links.filter((target) => !/^https?:/.test(target));
  expect(own.length).toBeGreaterThan(0);
  expect(own.filter((target) => !existsSync(join(installed, target)))).toEqual([]);
});

test('is found nothing wrong with by those who look at packages', async () => {
  const { messages } = await publint({ pkgDir: installed, strict: true, pack: false });
  expect(messages).toEqual([]);
  const attw = join(DEPENDENCIES, '@arethetypeswrong/cli/dist/index.js');
  const tarball = readdirSync(project).find((name) => name.endsWith('.tgz')) ?? '';
  expect(node(attw, tarball, '--profile', 'esm-only', '--quiet')).toMatchObject({ code: 0 });
});

test.each([true, false])('type-checks in a strict project, its exact options %s', (isExact) => {
  const compilerOptions = {
    strict: true,
    target: 'es2024',
    module: 'nodenext',
    types: ['node'],
    noEmit: true,
    // What a program exports has types that can be named.
    declaration: true,
    rewriteRelativeImportExtensions: true,
    exactOptionalPropertyTypes: isExact,
    // With exact options XState's own declarations have errors.
    skipLibCheck: isExact,
  };
  writeFileSync(
    join(project, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, include: ['*.ts'] }),
  );
  const { out, err } = node('node_modules/typescript/bin/tsc', '-p', '.', '--pretty', 'false');
  const complaints = out.split(/^(?=\S)/m).filter((complaint) => complaint !== '');
  for (const [line, sentence] of SENTENCES) {
    const said = complaints.filter((complaint) => complaint.startsWith(`lacking.ts(${line},`));
    expect(said.join('')).toContain(sentence);
  }
  const others = complaints.filter((complaint) => !complaint.startsWith('lacking.ts('));
  expect({ others, err }).toEqual({ others: [], err: '' });
});

test('runs the saga of the README, and the same one when it is run again', () => {
  const { code, out, err } = node('main.ts');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(/^(\w+) completed \1\/chargeCard\/forward\/1\n$/);
  expect(node('main.ts')).toEqual({ code: 0, out, err: '' });
});

test('serves the dashboard, with its files and its drawings', () => {
  const { code, out, err } = node('serve.ts');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out.split('\n')).toEqual([
    '/api/health 200 false',
    '/definitions/trip 200 true',
    '/assets/backstep.css 200 false',
    '/assets/htmx.js 200 false',
    '',
  ]);
});

test('loads nothing of a server for a program that has none', () => {
  const names = `
    import { registerHooks } from 'node:module';
    registerHooks({ resolve(specifier, context, next) {
      const found = next(specifier, context);
      const [, name] = /\\/node_modules\\/((?:@[^/]+\\/)?[^/]+)\\/(?!.*\\/node_modules\\/)/.exec(found.url) ?? [];
      if (name !== undefined) loaded.add(name);
      return found;
    } });
    const loaded = new Set();
    await import('backstep');
    console.log([...loaded].toSorted().join(' '));`;
  const { code, out } = node('--input-type=module', '--eval', names);
  expect(code).toBe(0);
  const loaded = out.trim().split(' ');
  expect(loaded).toContain('xstate');
  const unwanted = ['hono', '@hono/node-server', 'elkjs', 'nodemailer', 'ws', 'htmx.org', 'zod'];
  expect(loaded.filter((name) => unwanted.includes(name))).toEqual([]);
});

test('passes the tests of the README', () => {
  const { code, out, err } = node('node_modules/vitest/vitest.mjs', 'run', '--testTimeout=30000');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(/Tests +\d+ passed \(/);
});

test('brings the command', () => {
  const command = join(installed, manifest().bin.backstep);
  const { code, out, err } = node(command, 'verify', 'saga.ts');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(/^trip, version 1: nothing found in \d+ states/);
  expect(readFileSync(command, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
});

test('says what to do where Node reads no TypeScript', () => {
  const command = join(installed, manifest().bin.backstep);
  const { code, out, err } = node('--no-strip-types', command, 'verify', 'saga.ts');
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toMatch(/^backstep: saga\.ts: Node \S+ reads no TypeScript; update to 22\.18.*\n$/);
});

test('refuses a Node that the SQLite binding would take down', () => {
  const disguise = `Object.defineProperty(process, 'versions', {
    value: { ...process.versions, node: '22.13.1' },
  })`;
  const preload = `data:text/javascript,${encodeURIComponent(disguise)}`;
  for (const entry of ['backstep', 'backstep/server', 'backstep/testing']) {
    const { code, err } = node('--import', preload, '--eval', `import '${entry}'`);
    expect(code).toBe(1);
    expect(err).toContain(
      'Error: Backstep needs Node 22.14 or newer; this is v22.13.1; update Node.',
    );
  }
});

test('loads nothing but XState for a program that only names it', () => {
  const program = `
    import { registerHooks } from 'node:module';
    const packages = new Set();
    registerHooks({
      load(url, context, next) {
        packages.add(/node_modules\\/((?:@[^/]+\\/)?[^/]+)\\/(?!.*node_modules)/.exec(url)?.[1] ?? url);
        return next(url, context);
      },
    });
    await import('backstep');
    console.log(JSON.stringify([...packages].filter((name) => !name.startsWith('node:')).sort()));`;
  const { code, out, err } = node('--input-type=module', '--eval', program);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(JSON.parse(out)).toEqual(['backstep', 'xstate']);
});
