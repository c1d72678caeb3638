/**
 * The `backstep` command.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type { SagaDefinition } from './core/definition.ts';
import { BackstepError } from './core/errors.ts';
import { verify, type Verification } from './core/verify.ts';
import { migrateDatabase } from './store/migrate.ts';

const USAGE = `Usage: backstep <command> [options]

Commands:
  migrate            bring a database file to the schema of this version
  verify <module>    prove that the sagas a module exports compensate, or show a path
                     on which one does not; ends with 1 when an error was found

Options:
  --db <path>        the database file (default: BACKSTEP_DB, else data/backstep.db)
  --json             print what verify found as JSON
  -h, --help         show this help
`;

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

// As the launcher does, so that both mean the same database.
if (existsSync('.env')) process.loadEnvFile('.env');
process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const wanted = readArgs(args);
  switch (wanted.command) {
    case 'help':
      process.stdout.write(USAGE);
      return 0;
    case 'migrate':
      return migrate(wanted.database);
    case 'verify':
      return verifyModule(wanted.module, wanted.isJson);
    case 'mistake':
      process.stderr.write(`backstep: ${wanted.mistake}\n\n${USAGE}`);
      return EXIT_USAGE;
  }
}

async function migrate(database: string): Promise<number> {
  try {
    makeFolderOf(database);
    await migrateDatabase(database);
    process.stdout.write(`${database} has the schema of this version\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof BackstepError)) throw error;
    process.stderr.write(`backstep: ${error.message}\n`);
    return EXIT_FAILED;
  }
}

async function verifyModule(path: string, isJson: boolean): Promise<number> {
  let exported: object;
  try {
    exported = (await import(pathToFileURL(resolve(path)).href)) as object;
  } catch (error) {
    process.stderr.write(`backstep: cannot load ${path}: ${String(error)}\n`);
    return EXIT_USAGE;
  }
  const definitions = new Set(Object.values(exported).filter(isDefinition));
  if (definitions.size === 0) {
    process.stderr.write(`backstep: ${path} exports no saga; export what .build() gives\n`);
    return EXIT_USAGE;
  }
  const verifications = [...definitions].map((definition) => verify(definition));
  const text = isJson
    ? `${JSON.stringify(verifications, null, 2)}\n`
    : verifications.map(verificationText).join('\n');
  process.stdout.write(text);
  const findings = verifications.flatMap((each) => each.findings);
  return findings.some(({ severity }) => severity === 'error') ? EXIT_FAILED : 0;
}

function verificationText(verification: Verification): string {
  const { definition, findings, states, transitions, isExhaustive } = verification;
  const verdict = findings.length === 0 ? 'nothing found' : `${findings.length} found`;
  const extent = isExhaustive ? 'all of them' : 'NOT all of them';
  return [
    `${definition.id}, version ${definition.version}: ${verdict} in ${states} states and ` +
      `${transitions} transitions, ${extent}`,
    ...findings.flatMap(({ kind, severity, message, path }) => [
      `  ${severity} ${kind}: ${message}`,
      ...path.map(({ event, state }) => `      ${event} → ${state}`),
    ]),
    '',
  ].join('\n');
}

function isDefinition(value: unknown): value is SagaDefinition {
  return (
    value !== null &&
    typeof value === 'object' &&
    'machine' in value &&
    'invokes' in value &&
    value.invokes instanceof Map
  );
}

/** A fresh checkout has no folder for the default database. */
function makeFolderOf(database: string): void {
  try {
    mkdirSync(dirname(database), { recursive: true });
  } catch (cause) {
    const why = `cannot make the folder of ${database}: ${String(cause)}`;
    throw new BackstepError('storage-refused', why, { cause });
  }
}

/** What the command line asks for. */
type Wanted =
  | { readonly command: 'help' }
  | { readonly command: 'migrate'; readonly database: string }
  | { readonly command: 'verify'; readonly module: string; readonly isJson: boolean }
  | { readonly command: 'mistake'; readonly mistake: string };

function readArgs(args: readonly string[]): Wanted {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        db: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help === true) return { command: 'help' };
    const [command, module] = positionals;
    switch (command) {
      case undefined:
        return { command: 'mistake', mistake: 'say what to do' };
      case 'migrate': {
        const database = values.db ?? (process.env['BACKSTEP_DB'] || 'data/backstep.db');
        return { command, database };
      }
      case 'verify':
        if (module === undefined) return { command: 'mistake', mistake: 'say which module' };
        return { command, module, isJson: values.json === true };
      default:
        return { command: 'mistake', mistake: `unknown command "${command}"` };
    }
  } catch (error) {
    // parseArgs throws a TypeError whose message names the option.
    return { command: 'mistake', mistake: error instanceof Error ? error.message : String(error) };
  }
}
