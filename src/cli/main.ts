/**
 * The `backstep` command: reads what is asked for and hands it to the file that does it.
 */
import { existsSync } from 'node:fs';
import { check } from './check.ts';
import { readCommandLine, type Wanted } from './command-line.ts';
import { doctor } from './doctor.ts';
import { EXIT_USAGE } from './exit-codes.ts';
import { exportJournal } from './export.ts';
import { migrate } from './migrate.ts';
import { verifyModules } from './verify.ts';
import { BackstepError } from '../core/errors.ts';

const USAGE = `Usage: backstep <command> [options]

Commands:
  migrate             bring a database to the schema of this version, and with
                      --migrations to that of your own files too
  verify <module...>  explore the outcomes of the sagas that modules export, within the bounds
                      and for the values that it prints, and show the shortest way on which one
                      breaks a promise; ends with 1 when an error was found
  check <module...>   before a deployment: tell which sagas in flight in a database go on
                      under the sagas that modules export, which migrate, and which would be
                      parked and why; ends with 1 when one would be. Name every module whose
                      sagas will be registered. Changes nothing; the database may be in use
  doctor <module...>  replay the journal of every saga in a database and compare it with
                      what is stored; ends with 1 when something is wrong, or when a saga in
                      flight cannot go on under the versions that modules export
  export <saga id>    print a saga's journal as JSON, to be replayed against new code

A module is a file, or a folder for every module in it: of your own, export from it what
.build() gives, and do not open an engine in it. Migrations go with their saga: export
{ definition, migrate }, with migrate as register() is given it. Exit codes: 0 is well, 1 is
something found or a database that cannot be read, 2 is a command line or module that is wrong.

Options:
  --db <database>     a file, or postgres://user:password@host:5432/name; a password stands
                      better in BACKSTEP_DB (default: BACKSTEP_DB, else data/backstep.db)
  --schema <name>     in PostgreSQL, the schema of the engine's tables (default:
                      BACKSTEP_SCHEMA, else backstep)
  --migrations <dir>  the folder of your own migrations, such as 0100-seats.ts: the one that
                      openBackstep is given as migrationsFolder
  --table-prefix <p>  what the engine's tables begin with in a new database, for migrate: the one
                      that openBackstep is given as tablePrefix; the other commands find it
  --json              print what was found as JSON
  --with-secrets      export what is stored as it is; else secrets are hidden, and a replay may
                      differ where one decides
  --max-states <n>    states that verify explores of a saga at most (default: 20000)
  --svg <folder>      draw each finding of verify: its way, lit in the statechart
  -h, --help          show this help

Examples:
  backstep verify saga.ts
  backstep check sagas --db trips.db
  backstep export 01m8h2m006pghg6ksdprc89t1r --db trips.db > trip.json
`;

// As the launcher does, so that both mean the same database.
if (existsSync('.env')) process.loadEnvFile('.env');
const exitCode = await main(process.argv.slice(2));
// What a module opened when it was loaded, such as an engine, would keep the process for ever.
await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
process.exit(exitCode);

async function main(args: readonly string[]): Promise<number> {
  const wanted = wantedBy(args);
  switch (wanted.command) {
    case 'help':
      process.stdout.write(USAGE);
      return 0;
    case 'migrate':
      return migrate(wanted);
    case 'verify':
      return verifyModules(wanted);
    case 'check':
      return check(wanted);
    case 'doctor':
      return doctor(wanted);
    case 'export':
      return exportJournal(wanted);
    case 'mistake':
      process.stderr.write(`backstep: ${wanted.mistake}\n\n${USAGE}`);
      return EXIT_USAGE;
  }
}

/** A setting of the environment may be no good either. */
function wantedBy(args: readonly string[]): Wanted {
  try {
    return readCommandLine(args, process.env);
  } catch (error) {
    if (!(error instanceof BackstepError)) throw error;
    return { command: 'mistake', mistake: error.message };
  }
}

/** Resolves once everything written so far has left the process, or cannot. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve());
  });
}
