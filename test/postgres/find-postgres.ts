/**
 * Where the PostgreSQL of the tests is: what BACKSTEP_TEST_POSTGRES names, else the system's, else
 * the one that `npm test` fetched.
 *
 * `BACKSTEP_TEST_POSTGRES` is the URL of a server, a folder with its programs, or `off`.
 */
import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { postgresPackage, programsIn } from './fetched-postgres.ts';

/** What the tests run against. */
export type FoundPostgres =
  | { readonly kind: 'off' }
  | { readonly kind: 'server'; readonly url: string }
  /** The folder of `initdb` and `postgres`. */
  | { readonly kind: 'programs'; readonly folder: string };

/** The oldest version that the product takes. */
const LOWEST_MAJOR = 14;
/** Debian keeps one folder per version. */
const DEBIAN = '/usr/lib/postgresql';
const HOMEBREW = ['/opt/homebrew/opt', '/usr/local/opt'];

export const POSTGRES_CURE =
  `The tests need PostgreSQL ${LOWEST_MAJOR} or newer: install it (Debian: apt-get install -y ` +
  'postgresql), name its folder or a server in BACKSTEP_TEST_POSTGRES, or leave out what needs it ' +
  'with BACKSTEP_TEST_POSTGRES=off';

/** `null` when there is none. Throws when BACKSTEP_TEST_POSTGRES names none. */
export function findPostgres(env: NodeJS.ProcessEnv): FoundPostgres | null {
  const chosen = env['BACKSTEP_TEST_POSTGRES'];
  if (chosen !== undefined && chosen !== '') return chosenPostgres(chosen);
  const onPath = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const folder = [...onPath, ...systemFolders(), programsIn(postgresPackage())].find(isNewEnough);
  return folder === undefined ? null : { kind: 'programs', folder };
}

/** Whether tests that need PostgreSQL were switched off by name. */
export function isSwitchedOff(env: NodeJS.ProcessEnv): boolean {
  return env['BACKSTEP_TEST_POSTGRES'] === 'off';
}

function chosenPostgres(chosen: string): FoundPostgres {
  if (chosen === 'off') return { kind: 'off' };
  if (/^postgres(?:ql)?:/.test(chosen)) return { kind: 'server', url: chosen };
  if (isNewEnough(chosen)) return { kind: 'programs', folder: chosen };
  throw new Error(`BACKSTEP_TEST_POSTGRES is ${chosen}, which has none. ${POSTGRES_CURE}.`);
}

/** The newest version first. */
function systemFolders(): readonly string[] {
  const debian = namesIn(DEBIAN)
    .toSorted((a, b) => Number(b) - Number(a))
    .map((version) => join(DEBIAN, version, 'bin'));
  const homebrew = HOMEBREW.flatMap((folder) =>
    namesIn(folder)
      .filter((name) => name.startsWith('postgresql'))
      .toReversed()
      .map((name) => join(folder, name, 'bin')),
  );
  return [...debian, ...homebrew];
}

function namesIn(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

function isNewEnough(folder: string): boolean {
  if (!['initdb', 'postgres'].every((name) => isProgram(join(folder, name)))) return false;
  const said = execFileSync(join(folder, 'postgres'), ['--version'], { encoding: 'utf8' });
  return Number(/\d+/.exec(said)?.[0]) >= LOWEST_MAJOR;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
