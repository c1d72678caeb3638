/**
 * A PostgreSQL cluster of the tests' own: made, started, stopped and removed with whoever made it.
 *
 * It listens on a socket in its own folder, and on a loopback port with a password. Its sort order
 * is not that of bytes where that can be had, so that what forgets to ask for bytes is noticed.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { CLUSTER_PREFIX, removeForgotten } from './forgotten-clusters.ts';
import { BARE_ENVIRONMENT, type RunningServer, spawnServer } from './server-process.ts';
import { type Identity, reachableBy, unprivileged } from './unprivileged.ts';

export interface ClusterOptions {
  /** The folder of `initdb` and `postgres`. */
  readonly programs: string;
  /** Whether a commit waits for the disk. Default: no, which loses nothing while the machine runs. */
  readonly fsync?: boolean;
  /** Further settings, as of postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** How a server is stopped: as for good, in the middle of everything, or without its knowing. */
export type StopMode = 'fast' | 'immediate' | 'kill';

export interface Cluster {
  /** Everything of it, its log `server.log` included. */
  readonly folder: string;
  readonly pid: number;
  /** For a superuser, over the socket. */
  adminUrl(database: string): string;
  /** For a role that owns databases and nothing else, over the socket. */
  url(database: string): string;
  /** The same over the loopback port, with the role's password. */
  tcpUrl(database: string): string;
  stop(mode: StopMode): Promise<void>;
  /** Starts it again over the same data, on the same port. */
  start(): Promise<void>;
  /** Another one that follows it; it is stopped for as long as its data are copied. */
  replica(): Promise<Cluster>;
  /** Stops it and removes all of it. */
  dispose(): Promise<void>;
}

/** A superuser, and a role that owns the databases of tests. */
const ADMIN = 'admin';
const OWNER = 'owner';
const START_TRIES = 600;
const START_PAUSE_MS = 50;

/** No user may look in: who reaches the socket is a superuser without a password. */
const OWNER_ONLY = 0o700;

/** Makes and starts one. Whoever makes it disposes of it, or ends. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  removeForgotten();
  const identity = unprivileged();
  const folder = newFolder(identity);
  try {
    const cluster = new OwnCluster(folder, options, identity);
    await cluster.make();
    return cluster;
  } catch (error) {
    const log = readIfThere(join(folder, 'server.log'));
    rmSync(folder, { recursive: true, force: true });
    throw new Error(`the tests' PostgreSQL did not start: ${log}`, { cause: error });
  }
}

function newFolder({ uid, gid }: Identity): string {
  const folder = mkdtempSync(join(tmpdir(), `${CLUSTER_PREFIX}${process.pid}-`));
  chmodSync(folder, OWNER_ONLY);
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid);
  return folder;
}

class OwnCluster implements Cluster {
  readonly folder: string;
  readonly #options: ClusterOptions;
  readonly #identity: Identity;
  readonly #programs: string;
  /** Of the owner of databases; a replica has that of its server. */
  #password = randomBytes(16).toString('hex');
  #port = 0;
  #running: RunningServer | null = null;

  constructor(folder: string, options: ClusterOptions, identity: Identity) {
    this.folder = folder;
    this.#options = options;
    this.#identity = identity;
    this.#programs = reachableBy(identity, options.programs, folder);
  }

  get pid(): number {
    if (this.#running === null) throw new Error('the server is not running');
    return this.#running.pid;
  }

  get #data(): string {
    return join(this.folder, 'data');
  }

  adminUrl(database: string): string {
    return this.#socketUrl(ADMIN, database);
  }

  url(database: string): string {
    return this.#socketUrl(OWNER, database);
  }

  tcpUrl(database: string): string {
    return `postgres://${OWNER}:${this.#password}@127.0.0.1:${this.#port}/${database}`;
  }

  async make(): Promise<void> {
    this.#initialise();
    await this.#startOnSomePort();
    const client = new pg.Client({ connectionString: this.adminUrl('postgres') });
    await client.connect();
    await client.query(`CREATE ROLE ${OWNER} LOGIN PASSWORD '${this.#password}'`);
    await client.end();
  }

  async replica(): Promise<Cluster> {
    const folder = newFolder(this.#identity);
    const replica = new OwnCluster(folder, this.#options, this.#identity);
    replica.#password = this.#password;
    await this.stop('fast');
    execFileSync('cp', ['-a', this.#data, replica.#data]);
    await this.start();
    writeFileSync(join(replica.#data, 'standby.signal'), '');
    replica.#configure({
      unix_socket_directories: folder,
      primary_conninfo: `host=${this.folder} port=${this.#port} user=${ADMIN}`,
    });
    await replica.#startOnSomePort();
    return replica;
  }

  async #startOnSomePort(): Promise<void> {
    const tries = 5;
    for (let left = tries; ; left -= 1) {
      // Below the ports that the system gives to clients.
      this.#port = randomInt(20_000, 32_000);
      try {
        await this.start();
        break;
      } catch (error) {
        if (left === 1 || !/could not create any TCP/.test(this.#log())) throw error;
      }
    }
  }

  async start(): Promise<void> {
    this.#running ??= await this.#spawn();
    let refusal = 'it was not asked';
    for (let left = START_TRIES; left > 0; left -= 1) {
      const answer = await refusalOf(this.adminUrl('postgres'));
      if (answer === null) return;
      refusal = answer;
      const { ended } = this.#running;
      const end = await Promise.race([ended, pause(START_PAUSE_MS, null)]);
      if (end === null) continue;
      refusal = `it ended with ${String(end[0] ?? end[1])}`;
      // What a killed server leaves behind takes a moment to notice it.
      if (!/pre-existing shared memory/.test(this.#log())) break;
      await pause(START_PAUSE_MS);
      this.#running = null; // nobody must stop one that has ended
      this.#running = await this.#spawn();
    }
    this.#running = null;
    throw new Error(`${refusal}; its log: ${this.#log()}`);
  }

  async stop(mode: StopMode): Promise<void> {
    const running = this.#running;
    if (running === null) return;
    this.#running = null;
    await running.callOff();
    const signals = { fast: 'SIGINT', immediate: 'SIGQUIT', kill: 'SIGKILL' } as const;
    process.kill(running.pid, signals[mode]);
    await running.ended;
  }

  async dispose(): Promise<void> {
    await this.stop('immediate');
    rmSync(this.folder, { recursive: true, force: true });
  }

  #initialise(): void {
    const basic = ['-D', this.#data, '-U', ADMIN, '-E', 'UTF8', '--locale=C', '--no-sync'];
    const auth = ['--auth-local=trust', '--auth-host=scram-sha-256'];
    const icu = ['--locale-provider=icu', '--icu-locale=en'];
    const initdb = (...more: readonly string[]) =>
      spawnSync(join(this.#programs, 'initdb'), [...basic, ...auth, ...more], {
        ...this.#identity,
        cwd: this.folder,
        encoding: 'utf8',
        env: BARE_ENVIRONMENT,
      });
    // Version 14, or one built without ICU, has the order of bytes only.
    const made = initdb(...icu).status === 0 ? null : initdb();
    if (made !== null && made.status !== 0) throw new Error(`initdb: ${made.stdout}${made.stderr}`);
    this.#configure({
      fsync: this.#options.fsync === true ? 'on' : 'off',
      full_page_writes: this.#options.fsync === true ? 'on' : 'off',
      listen_addresses: '127.0.0.1',
      unix_socket_directories: this.folder,
      max_connections: '200',
      shared_buffers: '64MB',
      autovacuum_naptime: '10s',
      // In the folder, which is removed, whatever way the server ends.
      dynamic_shared_memory_type: 'mmap',
      ...this.#options.settings,
    });
  }

  #configure(settings: Readonly<Record<string, string>>): void {
    const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value}'\n`);
    writeFileSync(join(this.#data, 'postgresql.conf'), lines.join(''), { flag: 'a' });
  }

  #spawn(): Promise<RunningServer> {
    const server = [join(this.#programs, 'postgres'), '-D', this.#data, '-p', String(this.#port)];
    return spawnServer(this.folder, server, this.#identity);
  }

  #log(): string {
    return readIfThere(join(this.folder, 'server.log'));
  }

  #socketUrl(role: string, database: string): string {
    const host = encodeURIComponent(this.folder);
    // The parameter is what counts; a URL with a user must have some host before it.
    return `postgres://${role}@localhost/${database}?host=${host}&port=${this.#port}`;
  }
}

/** Why the server does not answer; `null`: it does. */
async function refusalOf(url: string): Promise<string | null> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {}); // it is told by the next call
  try {
    await client.connect();
    await client.end();
    return null;
  } catch (error) {
    return String(error);
  }
}

function readIfThere(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}
