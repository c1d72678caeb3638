/**
 * The repository without its demo: what would go, what would stay, and a copy of what stays.
 *
 * The demo is src/demo, machines, actors, migrations/demo, the folders of tests that try it, every
 * other test that reaches one of these, and the lines of package.json that name any of it.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { filesUnder, importedPath, type SourceFile } from '../source-files.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The demo itself, and the tests of it. */
const DEMO_FOLDERS = [
  'src/demo',
  'machines',
  'actors',
  'migrations/demo',
  ...['actors', 'browser', 'demo', 'e2e', 'machines'].map((folder) => `test/${folder}`),
];

/** Packages that the demo alone imports, or its dashboard's tests. */
const DEMO_PACKAGES = ['nodemailer', '@types/nodemailer', 'axe-core', 'playwright-core'];

/** Files of test/ that stand elsewhere and go too: they import, or read, what goes. */
export function reachingDemo(): readonly string[] {
  const tests = filesUnder('test').filter(({ path }) => !isOfDemo(path));
  const gone = new Set<string>();
  const goes = (file: SourceFile): boolean =>
    file.imports.some((specifier) => {
      const path = importedPath(file, specifier) ?? '';
      return isOfDemo(path) || gone.has(path);
    });
  for (let before = -1; before < gone.size;) {
    before = gone.size;
    for (const file of tests) if (goes(file)) gone.add(file.path);
  }
  return [...gone].toSorted();
}

/** Copies what stays into a folder, ready to be checked and tested there. */
export function copyWithoutDemo(folder: string): void {
  const reaching = new Set(reachingDemo());
  const listed = execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8' });
  for (const path of listed.split('\0')) {
    if (path === '' || isOfDemo(path) || reaching.has(path) || !existsSync(join(ROOT, path))) {
      continue;
    }
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(join(ROOT, path), join(folder, path));
  }
  writeFileSync(join(folder, 'package.json'), manifestWithoutDemo(folder));
  for (const modules of ['node_modules', 'test/fixtures/xstate4-inspect/node_modules']) {
    symlinkSync(join(ROOT, modules), join(folder, modules));
  }
}

function isOfDemo(path: string): boolean {
  return DEMO_FOLDERS.some((folder) => path.startsWith(`${folder}/`));
}

interface Manifest {
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** Its own: it names a script, or an entry of the linter, only when what that runs is there. */
function manifestWithoutDemo(folder: string): string {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest;
  const isThere = (command: string): boolean =>
    [...command.matchAll(/\b(?:src|test|machines|migrations)[\w/.-]*/g)].every(([path]) =>
      existsSync(join(folder, path)),
    );
  const without = <Value>(
    all: Readonly<Record<string, Value>>,
    keeps: (name: string, value: Value) => boolean,
  ) => Object.fromEntries(Object.entries(all).filter(([name, value]) => keeps(name, value)));
  const isOurs = (name: string): boolean => !DEMO_PACKAGES.includes(name);
  return JSON.stringify({
    ...manifest,
    scripts: without(manifest.scripts, (_, command) => isThere(command)),
    dependencies: without(manifest.dependencies, isOurs),
    devDependencies: without(manifest.devDependencies, isOurs),
  });
}
