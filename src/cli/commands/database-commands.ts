/**
 * `backstep migrate`, `verify`, `check` and `doctor`: work on modules and on a database
 * itself, without a server. Each is loaded when it is asked for.
 */
import type { Command } from 'commander';
import type { Surroundings } from '../command-run.ts';
import { countValue, textValue } from '../option-values.ts';
import { act, databaseOf, type DatabaseOptions, MODULES, onDatabase } from './on-database.ts';

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
      )
      .option('--json', 'print JSON'),
  );
  act(
    migrate,
    surroundings,
    async (options: DatabaseOptions & { migrations?: string; tablePrefix?: string }) => {
      const { migrations, tablePrefix } = options;
      return (await import('../migrate.ts')).migrate({
        ...databaseOf(options, surroundings.env),
        isJson: options.json === true,
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
