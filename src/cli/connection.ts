/**
 * The server that a command asks, or the database that it reads without one.
 */
import type { Command } from 'commander';
import { type BackstepClient, createClient } from '../client.ts';
import { type Environment, readSetting, SHARED_SETTINGS } from '../core/settings.ts';
import { UsageError } from './exit-codes.ts';
import { shellArgument, textValue, textValues, tokenIn } from './option-values.ts';

/** What every command on a server may be given. */
export interface ConnectionOptions {
  readonly url?: string;
  readonly tokenFile?: string;
  readonly db?: string;
  readonly schema?: string;
  readonly module?: readonly string[];
  readonly json?: boolean;
}

/** Tries of one request. */
const MAX_TRIES = 3;

/** A client, how to name it again, and the way to close what it needs. */
export interface Connection {
  readonly client: BackstepClient;
  /** The options that were given, to be repeated in a command that is proposed. */
  readonly again: string;
  /** Something may be ordered there: it is a server. */
  readonly takesOrders: boolean;
  close(): Promise<void>;
}

/** Adds the options of a command that changes something: it needs a server. */
export function onServer(command: Command): Command {
  return command
    .option(
      '--url <url>',
      'the server (default: BACKSTEP_URL, else http://127.0.0.1:3000)',
      textValue,
    )
    .option('--token-file <file>', 'a file with its token (default: BACKSTEP_TOKEN)', textValue)
    .option('--json', 'print JSON');
}

/** Adds the options of one that only reads: a server, or a database, in use or not. */
export function onServerOrDatabase(command: Command): Command {
  return onServer(command)
    .option('--db <database>', 'read this file or postgres:// URL, without a server', textValue)
    .option('--schema <name>', 'with --db: the schema in PostgreSQL', textValue);
}

/**
 * Adds those of one that looks at one saga: its state needs its definition. `history` reads none, but
 * is proposed by the others with what they were given.
 */
export function onServerOrSagas(command: Command): Command {
  return onServerOrDatabase(command).option(
    '--module <module>',
    'with --db: a module with the sagas',
    textValues,
  );
}

/** Connects; asks for nothing yet. Throws `UsageError`, and what opening a database throws. */
export async function connect(options: ConnectionOptions, env: Environment): Promise<Connection> {
  const { url, db, schema, module = [], tokenFile } = options;
  if (db !== undefined) {
    if (url !== undefined) throw new UsageError('give --url or --db, not both');
    const { openStoredClient } = await import('./stored-client.ts');
    const hidden = readSetting(SHARED_SETTINGS, env, 'BACKSTEP_REDACT');
    const stored = await openStoredClient({
      database: db,
      modules: module,
      hidden,
      ...(schema === undefined ? {} : { schema }),
    });
    return {
      ...stored,
      takesOrders: false,
      again: [
        ` --db ${shellArgument(withoutPassword(db))}`,
        ...(schema === undefined ? [] : [` --schema ${shellArgument(schema)}`]),
        ...module.map((each) => ` --module ${shellArgument(each)}`),
      ].join(''),
    };
  }
  if (schema !== undefined || module.length > 0) {
    throw new UsageError('--schema and --module belong to --db');
  }
  const token = tokenOf(tokenFile, env);
  const client = createClient({
    url: url ?? readSetting(SHARED_SETTINGS, env, 'BACKSTEP_URL'),
    ...(token === null ? {} : { token }),
    // Somebody waits before it, and can ask again.
    retry: { attempts: MAX_TRIES },
  });
  const again = [
    ...(url === undefined ? [] : [` --url ${shellArgument(url)}`]),
    ...(tokenFile === undefined ? [] : [` --token-file ${shellArgument(tokenFile)}`]),
  ];
  return { client, again: again.join(''), takesOrders: true, close: async () => {} };
}

// What is proposed is shown and copied into messages; a password must not be.
function withoutPassword(database: string): string {
  const url = /^postgres(ql)?:/.test(database) && URL.canParse(database) ? new URL(database) : null;
  if (url === null) return database;
  if (url.password !== '') url.password = HIDDEN;
  if (url.searchParams.has('password')) url.searchParams.set('password', HIDDEN);
  return url.href;
}

const HIDDEN = '***';

// Never an argument: those stand in the list of processes and in the shell's history.
function tokenOf(file: string | undefined, env: Environment): string | null {
  const path =
    file ?? (env['BACKSTEP_TOKEN'] === undefined ? env['BACKSTEP_TOKEN_FILE'] : undefined);
  const token = path === undefined || path === '' ? env['BACKSTEP_TOKEN'] : tokenIn(path);
  return token === undefined || token === '' ? null : token;
}
