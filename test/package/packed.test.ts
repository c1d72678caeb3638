/**
 * What a user of the published package gets: it is packed, put into a project as npm would put it,
 * and the programs of the README and of the guide are type-checked and run there as they stand.
 *
 * Without a network: the dependencies are links to those of the repository.
 */
import { execFile, spawnSync } from 'node:child_process';
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
import { basename, delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publint } from 'publint';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { unnamedTypes } from './declarations.ts';
import { type Documented, documentedIn, printed } from './documented.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DEPENDENCIES = join(ROOT, 'node_modules');
/** What the user of the README has installed beside Backstep. */
const OWN_PACKAGES = [
  'typescript',
  'vitest',
  'xstate',
  'zod',
  'express',
  '@types/node',
  '@types/express',
  '@types/better-sqlite3',
];

/** It is built before it is packed, and compiled whole, on a machine that runs other tests too. */
const PACK_MS = 120_000;
/** The programs of a chapter start one after the other, and chapters share the machine. */
const SESSIONS_MS = 240_000;

const project = realpathSync(mkdtempSync(join(tmpdir(), 'backstep-packed-')));
const installed = join(project, 'node_modules/backstep');

interface Manifest {
  readonly bin: { readonly backstep: string };
  readonly dependencies: Readonly<Record<string, string>>;
  /** The main one first. */
  readonly exports: Readonly<Record<string, { readonly types: string }>>;
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

/** A text and the folder that its reader works in. */
interface Manual extends Documented {
  readonly name: string;
  readonly folder: string;
}

function manualOf(path: string): Manual {
  const name = basename(path, '.md');
  const text = readFileSync(join(ROOT, path), 'utf8');
  return { name, folder: join(project, name), ...documentedIn(text) };
}

const CHAPTERS = readdirSync(join(ROOT, 'public/guide')).map((file) => `public/guide/${file}`);
const MANUALS = ['README.md', ...CHAPTERS.filter((file) => /\/\d\d-/.test(file))].map(manualOf);
const README = join(project, 'README');

/** What a reader types, in a shell that finds `node` and `npx`; a command may fail and say so. */
function shell(command: string, cwd: string): Promise<string> {
  const path = [join(project, 'bin'), process.env['PATH']].join(delimiter);
  const env = { ...process.env, PATH: path, NO_COLOR: '1', FORCE_COLOR: undefined };
  const { promise, resolve } = Promise.withResolvers<string>();
  execFile('sh', ['-c', command], { cwd, env }, (error, out, err) => {
    resolve(`${out}${err}${error === null ? '' : `ended with ${error.code}\n`}`.trimEnd());
  });
  return promise;
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
  for (const { folder, programs } of MANUALS) {
    mkdirSync(folder);
    for (const { file, text } of programs) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
    }
  }
  mkdirSync(join(project, 'bin'));
  symlinkSync(process.execPath, join(project, 'bin/node'));
  const commands = { backstep: manifest().bin.backstep, vitest: '../vitest/vitest.mjs' };
  for (const [name, file] of Object.entries(commands)) {
    writeFileSync(
      join(project, 'bin', name),
      `#!/bin/sh\nexec node "${join(installed, file)}" "$@"\n`,
      { mode: 0o755 },
    );
  }
  writeFileSync(join(project, 'bin/npx'), '#!/bin/sh\nexec "$@"\n', { mode: 0o755 });
  const promised = readFileSync(join(ROOT, 'test/package/typed-api.ts'), 'utf8');
  writeFileSync(join(project, 'typed-api.ts'), promised.replace('../../src/index.ts', 'backstep'));
  const remote = readFileSync(join(ROOT, 'test/package/typed-client.ts'), 'utf8');
  const client = remote.replace('../../src/client.ts', 'backstep/client');
  writeFileSync(join(project, 'typed-client.ts'), client);
  writeFileSync(join(project, 'lacking.ts'), LACKING);
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

test('a PostgreSQL database asks for its driver where that is not installed, and shows no password', () => {
  const program = `import { migrateDatabase, openBackstep } from 'backstep';
    const database = 'postgres://ada:pa55word@host/shop';
    for (const open of [() => openBackstep({ database }), () => migrateDatabase(database)]) {
      await open().catch(({ code, message }) => console.log(code, message));
    }`;
  const told =
    'storage-refused PostgreSQL needs the package pg, which is not installed; run: npm install pg\n';
  expect(done(node('--input-type=module', '-e', program))).toBe(told.repeat(2));
});

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

test('exports every type that its public signatures speak of, at that door or the main one', () => {
  const doors = Object.values(manifest().exports).map(({ types }) => join(installed, types));
  const [main = ''] = doors;
  expect(doors).toHaveLength(5);
  expect(doors.flatMap((door) => unnamedTypes(door, main))).toEqual([]);
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

test.each([true, false])(
  'type-checks in a strict project, its exact options %s',
  (isExact) => {
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
      JSON.stringify({ compilerOptions, include: ['**/*.ts'] }),
    );
    const { out, err } = node('node_modules/typescript/bin/tsc', '-p', '.', '--pretty', 'false');
    const complaints = out.split(/^(?=\S)/m).filter((complaint) => complaint !== '');
    for (const [line, sentence] of SENTENCES) {
      const said = complaints.filter((complaint) => complaint.startsWith(`lacking.ts(${line},`));
      expect(said.join('')).toContain(sentence);
    }
    const others = complaints.filter((complaint) => !complaint.startsWith('lacking.ts('));
    expect({ others, err }).toEqual({ others: [], err: '' });
  },
  PACK_MS,
);

test.concurrent.each(MANUALS.filter(({ sessions }) => sessions.length > 0))(
  'does what $name says',
  async ({ folder, sessions }) => {
    for (const { command, prints } of sessions) {
      expect(`$ ${command}\n${await shell(command, folder)}`).toMatch(printed(command, prints));
    }
  },
  SESSIONS_MS,
);

test('brings a command that a shell can run', () => {
  const command = join(installed, manifest().bin.backstep);
  expect(readFileSync(command, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
});

test('says what to do where Node reads no TypeScript', () => {
  const command = join(installed, manifest().bin.backstep);
  const { code, out, err } = run(
    process.execPath,
    ['--no-strip-types', command, 'verify', 'saga.ts'],
    README,
  );
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
