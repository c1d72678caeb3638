/**
 * One direct connection to PostgreSQL, set up the way its user relies on, seen and not assumed.
 *
 * Roles, databases and poolers bring settings of their own, so what matters is sent at startup and
 * read back. Nothing of pg's global state is changed: values are read as text here, whatever
 * parsers the program has set.
 */
import { Socket } from 'node:net';
import { Client, type Notification } from 'pg';
import { BackstepError } from '../../../core/errors.ts';
import { toFailure } from '../../../core/failure.ts';
import { DIRECT_CURE } from './database-errors.ts';
import { Pipeline } from './pipeline.ts';

/** How long a connection may take to be there. */
const CONNECT_LIMIT_MS = 5_000;
const KEEPALIVE_AFTER_MS = 5_000;
/** Weaker values lose what was promised; this one waits for a replica besides. */
const STRONGER_COMMIT = 'remote_apply';

/** Sent to the server as the connection begins, by name. */
export type Settings = Readonly<Record<string, string>>;

/** What every connection of ours needs. */
const COMMON: Settings = {
  client_encoding: 'UTF8',
  default_transaction_isolation: 'read committed',
  default_transaction_deferrable: 'off',
  statement_timeout: '0',
  jit: 'off',
};

/** Has a half-open connection noticed; not read back, a Unix socket has none of them. */
const KEEPALIVES: Settings = {
  tcp_keepalives_idle: '5',
  tcp_keepalives_interval: '2',
  tcp_keepalives_count: '3',
};

export interface ConnectOptions {
  /** Shown by `pg_stat_activity`. */
  readonly applicationName: string;
  readonly settings: Settings;
  /** How long the server may leave a statement unanswered until the connection counts as lost. */
  readonly answerLimitMs: number;
  /** Hears of the end of the connection, once, and only after it was there. */
  readonly onLost?: (reason: string) => void;
  readonly onNotification?: (notification: Notification) => void;
}

/** An open connection. */
export interface PostgresConnection {
  readonly pipeline: Pipeline;
  /** The server's process for it. */
  readonly pid: number;
  /** When the server began it, as the server writes it: a pid alone comes again. */
  readonly backendStart: string;
  /** All settings that were asked for, as they are in force. */
  readonly settings: Settings;
  /** Ends it at once, whatever is under way. */
  destroy(): void;
  /** Ends it after what is under way. */
  end(): Promise<void>;
  ref(): void;
  unref(): void;
}

/**
 * Connects. Throws `storage-refused` where a setting cannot be had, and whatever pg throws for a
 * server that cannot be reached.
 */
export async function connect(url: string, options: ConnectOptions): Promise<PostgresConnection> {
  const settings = { ...COMMON, ...options.settings };
  const socket = new Socket();
  const client = new Client({
    connectionString: withStartupOptions(url, options.applicationName, settings),
    connectionTimeoutMillis: CONNECT_LIMIT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEPALIVE_AFTER_MS,
    pipeline: true,
    stream: () => socket,
    types: { getTypeParser: () => (value: string) => value },
  });
  // Before it is open, and once it was lost, nobody is told.
  let isOpen = false;
  const noteLoss = (reason: string): void => {
    if (!isOpen) return;
    isOpen = false;
    options.onLost?.(reason);
  };
  // Without a listener the end of a connection would be the end of the process.
  client.on('error', (thrown) => noteLoss(toFailure(thrown).message));
  client.on('end', () => noteLoss('the connection ended'));
  if (options.onNotification !== undefined) client.on('notification', options.onNotification);
  try {
    await client.connect();
    const session = await readSession(client, settings);
    isOpen = true;
    return {
      ...session,
      pipeline: new Pipeline(client, {
        silenceLimitMs: options.answerLimitMs,
        onSilence: () => {
          socket.destroy(new Error(`no answer within ${options.answerLimitMs} ms`));
        },
      }),
      destroy: () => void socket.destroy(),
      end: () => {
        socket.ref(); // whoever waits for it is kept, though what is idle keeps nobody
        return client.end();
      },
      ref: () => void socket.ref(),
      unref: () => void socket.unref(),
    };
  } catch (thrown) {
    socket.destroy();
    throw thrown;
  }
}

/** The URL with settings for the start of the session, after those that it has itself. */
function withStartupOptions(url: string, applicationName: string, settings: Settings): string {
  const changed = readUrl(url);
  const { searchParams } = changed;
  const own = Object.entries({ ...KEEPALIVES, ...settings }).map(
    ([name, value]) => `-c ${name}=${value.replaceAll(/[\\ ]/g, '\\$&')}`,
  );
  searchParams.set('options', [searchParams.get('options') ?? '', ...own].join(' ').trim());
  searchParams.set('application_name', applicationName);
  return changed.href;
}

/** Never tells the URL: it may have a password. */
function readUrl(url: string): URL {
  if (URL.canParse(url)) return new URL(url);
  throw new BackstepError(
    'storage-refused',
    'the URL of the database cannot be read; write postgres://user:password@host:port/database',
  );
}

async function readSession(client: Client, settings: Settings) {
  const names = Object.keys(settings);
  const list = names.map((name) => `current_setting('${name}')`).join(', ');
  const { rows } = await client.query<(string | null)[]>({
    text: `SELECT pg_backend_pid(), (SELECT backend_start FROM pg_stat_activity
        WHERE pid = pg_backend_pid()),
      set_config('synchronous_commit', CASE current_setting('synchronous_commit')
        WHEN '${STRONGER_COMMIT}' THEN '${STRONGER_COMMIT}' ELSE 'on' END, false), ${list}`,
    rowMode: 'array',
  });
  const [pid, backendStart, synchronousCommit, ...values] = rows[0] ?? [];
  for (const [index, name] of names.entries()) {
    if (values[index] !== settings[name]) throw settingRefused(name, values[index], settings[name]);
  }
  return {
    pid: Number(pid),
    backendStart: backendStart ?? '',
    settings: { ...settings, synchronous_commit: synchronousCommit ?? 'on' },
  };
}

function settingRefused(
  name: string,
  found: string | null | undefined,
  wanted: string | undefined,
): BackstepError {
  return new BackstepError(
    'storage-refused',
    `the session's ${name} is "${found ?? ''}" and must be "${wanted ?? ''}", as when a pooler drops ` +
      `what a session is started with; ${DIRECT_CURE}`,
  );
}
