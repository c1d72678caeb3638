/**
 * What a user of the published package gets: what is in it, what the README says, and what it
 * refuses. Its types and the chapters of the guide: packed.long.test.ts.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { printed } from './documented.ts';
import { done, usePackedProject } from './packed-project.ts';

/** The programs start one after the other, on a machine that runs other tests too. */
const SESSIONS_MS = 120_000;

const project = usePackedProject(['README.md']);

test('a PostgreSQL database asks for its driver where that is not installed, and shows no password', () => {
  const program = `import { migrateDatabase, openBackstep } from 'backstep';
    const database = 'postgres://ada:pa55word@host/shop';
    for (const open of [() => openBackstep({ database }), () => migrateDatabase(database)]) {
      await open().catch(({ code, message }) => console.log(code, message));
    }`;
  const told =
    'storage-refused PostgreSQL needs the package pg, which is not installed; run: npm install pg\n';
  expect(done(project.node('--input-type=module', '-e', program))).toBe(told.repeat(2));
});

test('sagas on Restate ask for its SDK where that is not installed', () => {
  const program = `import { openRestateBackstep, serveWorker } from 'backstep/restate';
    const face = { ingress: 'http://host', admin: 'http://host', listen: { port: 0 }, database: 'x' };
    for (const open of [() => serveWorker({ port: 0, register() {} }), () => openRestateBackstep(face)]) {
      await open().catch(({ code, message }) => console.log(code, message));
    }`;
  const told =
    'storage-refused Restate needs the package @restatedev/restate-sdk, which is not installed; ' +
    'run: npm install @restatedev/restate-sdk\n';
  expect(done(project.node('--input-type=module', '-e', program))).toBe(told.repeat(2));
});

test('tracing asks for the API of OpenTelemetry where that is not installed, and opens nothing', () => {
  const program = `import { existsSync } from 'node:fs';
    import { openBackstep } from 'backstep';
    await openBackstep({ database: 'traced.db', tracing: true }).catch(({ code, message }) =>
      console.log(code, message, existsSync('traced.db')));`;
  expect(done(project.node('--input-type=module', '-e', program))).toBe(
    'storage-refused tracing needs the package @opentelemetry/api, which is not installed; ' +
      'run: npm install @opentelemetry/api false\n',
  );
});

test('holds what a user needs and no source', () => {
  expect(readdirSync(project.installed).toSorted()).toEqual([
    'LICENSE',
    'README.md',
    'dist',
    'package.json',
    'public',
  ]);
  const files = readdirSync(project.installed, { recursive: true, encoding: 'utf8' });
  expect(files.filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))).toEqual([]);
  expect(files.filter((file) => file.startsWith('dist/src/demo'))).toEqual([]);
});

test('leads from its README to files that are in it', () => {
  const readme = readFileSync(join(project.installed, 'README.md'), 'utf8');
  const links = [...readme.matchAll(/\]\(([^)#]+)/g)].map(([, target = '']) => target);
  const own = links.filter((target) => !/^https?:/.test(target));
  expect(own.length).toBeGreaterThan(0);
  expect(own.filter((target) => !existsSync(join(project.installed, target)))).toEqual([]);
});

test(
  'does what the README says',
  async () => {
    const [readme] = project.manuals;
    expect(readme?.sessions.length).toBeGreaterThan(0);
    for (const { command, prints } of readme?.sessions ?? []) {
      const said = await project.shell(command, readme?.folder ?? '');
      expect(`$ ${command}\n${said}`).toMatch(printed(command, prints));
    }
  },
  SESSIONS_MS,
);

test('brings a command that a shell can run', () => {
  const command = join(project.installed, project.manifest().bin.backstep);
  expect(readFileSync(command, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
});

test('says what to do where Node reads no TypeScript', () => {
  const command = join(project.installed, project.manifest().bin.backstep);
  const saga = join(project.manuals[0]?.folder ?? '', 'saga.ts');
  const { code, out, err } = project.node('--no-strip-types', command, 'verify', saga);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err.replace(saga, 'saga.ts')).toMatch(
    /^backstep: saga\.ts: Node \S+ reads no TypeScript; update to 22\.18.*\n$/,
  );
});

test('refuses a Node that the SQLite binding would take down', () => {
  const disguise = `Object.defineProperty(process, 'versions', {
    value: { ...process.versions, node: '22.13.1' },
  })`;
  const preload = `data:text/javascript,${encodeURIComponent(disguise)}`;
  for (const entry of ['backstep', 'backstep/server', 'backstep/restate', 'backstep/testing']) {
    const { code, err } = project.node('--import', preload, '--eval', `import '${entry}'`);
    expect(code).toBe(1);
    expect(err).toContain(
      'Error: Backstep needs Node 22.14 or newer; this is v22.13.1; update Node.',
    );
  }
});

test.each(['backstep', 'backstep/restate'])(
  'loads nothing but XState for a program that only names %s',
  (door) => {
    const program = `
    import { registerHooks } from 'node:module';
    const packages = new Set();
    registerHooks({
      load(url, context, next) {
        packages.add(/node_modules\\/((?:@[^/]+\\/)?[^/]+)\\/(?!.*node_modules)/.exec(url)?.[1] ?? url);
        return next(url, context);
      },
    });
    await import('${door}');
    console.log(JSON.stringify([...packages].filter((name) => !name.startsWith('node:')).sort()));`;
    const { code, out, err } = project.node('--input-type=module', '--eval', program);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(JSON.parse(out)).toEqual(['backstep', 'xstate']);
  },
);
