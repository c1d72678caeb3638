/**
 * The `backstep` command: reads what is asked for and hands it to the file that does it.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { doctor, type DoctorRequest } from './cli/doctor.ts';
import { EXIT_FAILED, EXIT_USAGE } from './cli/exit-codes.ts';
import { exportJournal, type ExportRequest } from './cli/export.ts';
import { verifyModules, type VerifyRequest } from './cli/verify.ts';
import { BackstepError } from './core/errors.ts';
import { migrateDatabase } from './store/migrate.ts';

const USAGE = `Usage: backstep <command> [options]

Commands:
  migrate             bring a database file to the schema of this version
  verify <module...>  prove that the sagas that modules export compensate, or show a path
                      on which one does not; ends with 1 when an error was found
  doctor <module...>  replay the journal of every saga in a database and compare it with
                      what is stored; ends with 1 when something is wrong
  export <saga id>    print a saga's journal as JSON, to be replayed against new code

A module is a file, or a folder for every module in it.

Options:
  --db <path>         the database file (default: BACKSTEP_DB, else data/backstep.db)
  --json              print what was found as JSON
  --max-states <n>    states that verify explores of a saga at most (default: 20000)
  -h, --help          show this help
`;

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
      return verifyModules(wanted);
    case 'doctor':
      return doctor(wanted);
    case 'export':
      return exportJournal(wanted);
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
  | ({ readonly command: 'verify' } & VerifyRequest)
  | ({ readonly command: 'doctor' } & DoctorRequest)
  | ({ readonly command: 'export' } & ExportRequest)
  | { readonly command: 'mistake'; readonly mistake: string };

function readArgs(args: readonly string[]): Wanted {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        db: { type: 'string' },
        json: { type: 'boolean' },
        'max-states': { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help === true) return { command: 'help' };
    const [command, ...modules] = positionals;
    const [sagaId] = modules;
    const database = values.db ?? (process.env['BACKSTEP_DB'] || 'data/backstep.db');
    const isJson = values.json === true;
    switch (command) {
      case undefined:
        return { command: 'mistake', mistake: 'say what to do' };
      case 'migrate':
        return { command, database };
      case 'verify':
        if (modules.length === 0) return { command: 'mistake', mistake: 'say which module' };
        return { command, modules, isJson, ...maxStatesOf(values['max-states']) };
      case 'doctor':
        if (modules.length === 0) return { command: 'mistake', mistake: 'say which module' };
        return { command, modules, database, isJson };
      case 'export':
        if (sagaId === undefined) return { command: 'mistake', mistake: 'say which saga' };
        return { command, sagaId, database };
      default:
        return { command: 'mistake', mistake: `unknown command "${command}"` };
    }
  } catch (error) {
    // parseArgs throws a TypeError whose message names the option.
    return { command: 'mistake', mistake: error instanceof Error ? error.message : String(error) };
  }
}

function maxStatesOf(text: string | undefined): { readonly maxStates?: number } {
  if (text === undefined) return {};
  const maxStates = Number(text);
  if (Number.isInteger(maxStates) && maxStates > 0) return { maxStates };
  throw new TypeError(`--max-states takes a whole number from 1, not "${text}"`);
}
