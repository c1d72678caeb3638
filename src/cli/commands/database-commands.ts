/**
 * `backstep migrate`, `verify`, `check`, `doctor` and `export`: work on modules and on a database
 * itself, without a server. Each is loaded when it is asked for.
 */
import type { Command } from 'commander';
import { isPostgresUrl } from '../../core/database-target.ts';
import { type Environment, readSetting, SHARED_SETTINGS } from '../../core/settings.ts';
import type { Surroundings } from '../command-run.ts';
import type { DatabaseRequest } from '../database-request.ts';
import { countValue, textValue } from '../option-values.ts';
import { tellError } from '../terminal.ts';

interface DatabaseOptions {
  readonly db?: string;
  readonly schema?: string;
  readonly json?: boolean;
}

const MODULES =
  '\nA module is a file, or a folder for every module in it: export from it what .build() gives, and\n' +
  'do not open an engine in it. Migrations go with their saga: export { definition, migrate }.';

/** Adds them to the program. */
export function addDatabaseCommands(program: Command, surroundings: Surroundings): void {
  const { env } = surroundings;
  addMigrate(program, surroundings);
  addVerify(program, surroundings);
  const check = onDatabase(
    program
      .command('check <module...>')
      .description('before a deployment: tell what becomes of every saga in flight')
      .option('--json', 'print JSON')
      .addHelpText(
        'after',
        `${MODULES}\nName every module whose sagas will be registered. Changes nothing; the database may be in use.`,
      ),
  );
  act(check, surroundings, async (options: DatabaseOptions, modules) =>
    (await import('../check.ts')).check({
      ...databaseOf(options, env),
      modules,
      isJson: options.json === true,
    }),
  );
  const doctor = onDatabase(
    program
      .command('doctor <module...>')
      .description('replay the journal of every saga and compare it with what is stored')
      .option('--json', 'print JSON')
      .addHelpText('after', MODULES),
  );
  act(doctor, surroundings, async (options: DatabaseOptions, modules) =>
    (await import('../doctor.ts')).doctor({
      ...databaseOf(options, env),
      modules,
      isJson: options.json === true,
    }),
  );
  const exporting = onDatabase(
    program
      .command('export <saga>')
      .description("print a saga's journal as JSON, to be replayed against new code")
      .option(
        '--with-secrets',
        'as it is stored; else secrets are hidden, and a replay may differ',
      ),
  );
  act(
    exporting,
    surroundings,
    async (options: DatabaseOptions & { withSecrets?: boolean }, [saga = '']) =>
      (await import('../export.ts')).exportJournal({
        ...databaseOf(options, env),
        sagaId: saga,
        withSecrets: options.withSecrets === true,
        hidden: readSetting(SHARED_SETTINGS, env, 'BACKSTEP_REDACT'),
      }),
  );
}

function addMigrate(program: Command, surroundings: Surroundings): void {
  const migrate = onDatabase(
    program
      .command('migrate')
      .description('bring a database to the schema of this version')
      .option('--migrations <folder>', 'your own migrations too, such as 0100-seats.ts', textValue)
      .option(
        '--table-prefix <prefix>',
        "what the engine's tables begin with in a new database",
        textValue,
      ),
  );
  act(
    migrate,
    surroundings,
    async (options: DatabaseOptions & { migrations?: string; tablePrefix?: string }) => {
      const { migrations, tablePrefix } = options;
      return (await import('../migrate.ts')).migrate({
        ...databaseOf(options, surroundings.env),
        ...(migrations === undefined ? {} : { migrationsFolder: migrations }),
        ...(tablePrefix === undefined ? {} : { tablePrefix }),
      });
    },
  );
}

function addVerify(program: Command, surroundings: Surroundings): void {
  const verify = program
    .command('verify <module...>')
    .description('explore what the sagas of modules can do, and show what breaks a promise')
    .option('--max-states <n>', 'states explored of a saga at most (default: 20000)', countValue(1))
    .option('--svg <folder>', 'draw each finding: its way, lit in the statechart', textValue)
    .option('--json', 'print JSON')
    .addHelpText('after', MODULES);
  act(
    verify,
    surroundings,
    async (options: { maxStates?: number; svg?: string; json?: boolean }, modules) => {
      const { maxStates, svg, json = false } = options;
      return (await import('../verify.ts')).verifyModules({
        modules,
        isJson: json,
        ...(maxStates === undefined ? {} : { maxStates }),
        ...(svg === undefined ? {} : { pictures: svg }),
      });
    },
  );
}

function onDatabase(command: Command): Command {
  return command
    .option(
      '--db <database>',
      'a file or postgres:// URL (default: BACKSTEP_DB, else data/backstep.db)',
      textValue,
    )
    .option(
      '--schema <name>',
      'its schema in PostgreSQL (default: BACKSTEP_SCHEMA, else backstep)',
      textValue,
    );
}

type DatabaseWork<Options> = (options: Options, operands: readonly string[]) => Promise<number>;

function act<Options extends DatabaseOptions>(
  command: Command,
  { terminal, exit }: Surroundings,
  work: DatabaseWork<Options>,
): void {
  command.action(async () => {
    const options: Options = command.opts();
    try {
      exit(await work(options, command.args));
    } catch (error) {
      exit(tellError(terminal, options.json === true, error));
    }
  });
}

function databaseOf({ db, schema: given }: DatabaseOptions, env: Environment): DatabaseRequest {
  const database = db ?? readSetting(SHARED_SETTINGS, env, 'BACKSTEP_DB');
  // A setting beside a file means nothing; an option would be a mistake, and is told as one.
  const preset = isPostgresUrl(database)
    ? readSetting(SHARED_SETTINGS, env, 'BACKSTEP_SCHEMA')
    : undefined;
  const schema = given ?? preset;
  return { database, ...(schema === undefined ? {} : { schema }) };
}
