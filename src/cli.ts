/**
 * The `backstep` command.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { BackstepError } from './core/errors.ts';
import { migrateDatabase } from './store/migrate.ts';

const USAGE = `Usage: backstep <command> [options]

Commands:
  migrate            bring a database file to the schema of this version

Options:
  --db <path>        the database file (default: BACKSTEP_DB, else data/backstep.db)
  -h, --help         show this help
`;

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

// As the launcher does, so that both mean the same database.
if (existsSync('.env')) process.loadEnvFile('.env');
process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const { command, database, wantsHelp, mistake } = readArgs(args);
  if (wantsHelp) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (mistake !== null || command !== 'migrate') {
    process.stderr.write(`backstep: ${mistake ?? `unknown command "${command}"`}\n\n${USAGE}`);
    return EXIT_USAGE;
  }
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

interface Arguments {
  readonly command: string;
  readonly database: string;
  readonly wantsHelp: boolean;
  readonly mistake: string | null;
}

function readArgs(args: readonly string[]): Arguments {
  const fallback = process.env['BACKSTEP_DB'] || 'data/backstep.db';
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { db: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    });
    const command = positionals[0] ?? '';
    return {
      command,
      database: values.db ?? fallback,
      wantsHelp: values.help === true,
      mistake: command === '' ? 'say what to do' : null,
    };
  } catch (error) {
    // parseArgs throws a TypeError whose message names the option.
    const mistake = error instanceof Error ? error.message : String(error);
    return { command: '', database: fallback, wantsHelp: false, mistake };
  }
}
