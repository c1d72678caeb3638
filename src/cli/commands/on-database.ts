/** What commands on a database itself have in common: which one it is, and how their errors are told. */
import type { Command } from 'commander';
import { isPostgresUrl } from '../../core/database-target.ts';
import { type Environment, readSetting, SHARED_SETTINGS } from '../../core/settings.ts';
import type { Surroundings } from '../command-run.ts';
import type { DatabaseRequest } from '../database-request.ts';
import { textValue } from '../option-values.ts';
import { tellError } from '../terminal.ts';

/** Options that each of them takes. */
export interface DatabaseOptions {
  readonly db?: string;
  readonly schema?: string;
  readonly json?: boolean;
}

/** What their help says of modules. */
export const MODULES =
  '\nA module is a file, or a folder for every module in it: export from it what .build() gives, and\n' +
  'do not open an engine in it. Migrations go with their saga: export { definition, migrate }.';

/** Adds the options that name it. */
export function onDatabase(command: Command): Command {
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

/** Makes the work of a command its action; it gives the exit code. */
export function act<Options extends DatabaseOptions>(
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

/** The database that is meant. */
export function databaseOf(
  { db, schema: given }: DatabaseOptions,
  env: Environment,
): DatabaseRequest {
  const database = db ?? readSetting(SHARED_SETTINGS, env, 'BACKSTEP_DB');
  // A setting beside a file means nothing; an option would be a mistake, and is told as one.
  const preset = isPostgresUrl(database)
    ? readSetting(SHARED_SETTINGS, env, 'BACKSTEP_SCHEMA')
    : undefined;
  const schema = given ?? preset;
  return { database, ...(schema === undefined ? {} : { schema }) };
}
