/** What the two commands that move sagas share: where they go to or come from, and how far it is. */
import { Option, type Command } from 'commander';
import type { MoveProgress } from '../../index.ts';
import type { RestateAt } from '../../restate/face/moves/moving.ts';
import type { Surroundings } from '../command-run.ts';
import { UsageError } from '../exit-codes.ts';
import { textValue } from '../option-values.ts';
import { counted, progressLine } from '../progress.ts';
import { databaseOf, type DatabaseOptions, onDatabase } from './on-database.ts';

/** Options of a database. */
interface MoveFlags extends DatabaseOptions {
  readonly migrations?: string;
  readonly force?: boolean;
  readonly tablePrefix?: string;
}

/** Options of either. */
export interface PlaceFlags extends MoveFlags {
  readonly restate?: string;
  readonly admin: string;
}

/** Where Restate's admin port is, unless told. */
export const DEFAULT_ADMIN = 'http://127.0.0.1:9070';

/** Adds those of a database. */
export function onMoved(command: Command): Command {
  return onDatabase(command)
    .option('--migrations <folder>', 'your own migrations of the database', textValue)
    .option('--table-prefix <prefix>', "what the engine's tables begin with", textValue);
}

/** Adds those of sagas on Restate. */
export function orOnRestate(command: Command): Command {
  return command
    .option(
      '--restate <url>',
      'Restate in the place of a database: where it takes calls',
      textValue,
    )
    .addOption(
      new Option('--admin <url>', 'with --restate: its admin port')
        .default(DEFAULT_ADMIN)
        .argParser(textValue),
    );
}

/** The Restate that is meant; `null`: a database is. */
export function restateOf(options: PlaceFlags): RestateAt | null {
  const { restate, admin, db, schema, migrations, tablePrefix } = options;
  if (restate === undefined) return null;
  if ([db, schema, migrations, tablePrefix].some((each) => each !== undefined)) {
    throw new UsageError('give a database or --restate, not both');
  }
  return { ingress: restate, admin };
}

/** The database that is meant. */
export function moveDatabaseOf(options: MoveFlags, { env }: Surroundings) {
  const { migrations, tablePrefix } = options;
  return {
    ...databaseOf(options, env),
    ...(migrations === undefined ? {} : { migrationsFolder: migrations }),
    ...(tablePrefix === undefined ? {} : { tablePrefix }),
  };
}

/** Shows how far the work is. */
export async function shownWork<Result>(
  work: (onProgress: (progress: MoveProgress) => void) => Promise<Result>,
): Promise<Result> {
  const line = progressLine(({ phase, done, total }: MoveProgress) => {
    const of = total === 0 ? '' : ` of ${counted(total)}`;
    return `${phase}: ${counted(done)}${of} sagas`;
  });
  try {
    return await work((progress) => line.show(progress));
  } finally {
    line.end();
  }
}
