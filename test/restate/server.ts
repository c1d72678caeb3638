/**
 * Restate servers of the tests' own: one node, or three, on ports of the loopback, the data of each
 * in a folder that goes with it.
 *
 * It is told everything by a file of settings and ended by its process id. Invariant: no server
 * outlives the process that started it, however that ended.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../ports.ts';
import { findRestate, RESTATE_CURE } from './find-restate.ts';

/** A call that the server keeps, as its table `sys_invocation` has it. */
export interface KeptCall {
  readonly id: string;
  readonly target: string;
  readonly status: string;
  readonly retry_count: number | null;
  /** Why its last try failed. */
  readonly last_failure?: string | null;
}

const PARTITIONS = 4;
const READY_TRIES = 600;
const READY_PAUSE_MS = 50;

/**
 * Runs the server, tells its process id, and ends it, with its folder, when whoever holds the other
 * end of its input is gone; a line there means that the server was ended and its folder stays.
 */
const KEEPER = `folder=$1; shift
"$@" </dev/null >>"$folder/server.log" 2>&1 &
server=$!
echo "$server"
if read -r _; then wait "$server"; exit 0; fi
kill -9 "$server" 2>/dev/null
wait "$server" 2>/dev/null
rm -rf "$folder"`;

/** What a server is told beside its places. */
export interface ServerOptions {
  /** A private key (Ed25519, PEM) with which it signs whatever it asks of services. */
  readonly identityKey?: string;
}

/** Starts one. Whoever starts it disposes of it, or ends. */
export async function startRestate(options: ServerOptions = {}): Promise<RestateServer> {
  const [server] = await startNodes(1, options);
  if (server === undefined) throw new Error('no node was started');
  return server;
}

/** Starts a cluster of so many nodes, which keep everything twice from two nodes on. */
export async function startNodes(
  count: number,
  options: ServerOptions = {},
): Promise<readonly RestateServer[]> {
  const program = findRestate(process.env);
  if (program === null) throw new Error(RESTATE_CURE);
  const ports: Ports[] = [];
  while (ports.length < count) {
    ports.push({ ingress: await freePort(), admin: await freePort(), fabric: await freePort() });
  }
  const nodes = ports.map((_, nth) => new RestateServer(program, { nth, ports }, options));
  try {
    await Promise.all(nodes.map((node) => node.start()));
    return nodes;
  } catch (error) {
    await Promise.all(nodes.map((node) => node.dispose()));
    throw error;
  }
}

/** Which of the nodes one is. */
interface Membership {
  readonly nth: number;
  readonly ports: readonly Ports[];
}

interface Ports {
  readonly ingress: number;
  readonly admin: number;
  readonly fabric: number;
}

export class RestateServer {
  /** Where programs call services. */
  readonly ingress: string;
  /** Where deployments are told of and calls are looked at. */
  readonly admin: string;
  readonly #program: string;
  readonly #folder = mkdtempSync(join(tmpdir(), `backstep-restate-${process.pid}-`));
  readonly #settings: string;
  readonly #temporary: string;
  #running: { readonly pid: number; readonly keeper: ChildProcess } | null = null;

  constructor(program: string, membership: Membership, { identityKey }: ServerOptions) {
    const { nth, ports } = membership;
    this.#program = program;
    this.ingress = `http://127.0.0.1:${ports[nth]?.ingress}`;
    this.admin = `http://127.0.0.1:${ports[nth]?.admin}`;
    this.#settings = join(this.#folder, 'restate.toml');
    this.#temporary = join(this.#folder, 'tmp');
    mkdirSync(this.#temporary);
    let settings = settingsOf(this.#folder, membership);
    if (identityKey !== undefined) {
      const key = join(this.#folder, 'identity.pem');
      writeFileSync(key, identityKey);
      settings = `request-identity-private-key-pem-file = "${key}"\n${settings}`;
    }
    writeFileSync(this.#settings, settings);
  }

  /** Starts it over what it had, and resolves once it takes calls. */
  async start(): Promise<void> {
    const args = [this.#folder, this.#program, '--config-file', this.#settings];
    const keeper = spawn('/bin/sh', ['-c', KEEPER, 'keeper', ...args], {
      cwd: this.#folder,
      // It would tell its maker of itself, and leaves folders where temporary files are.
      env: { PATH: process.env['PATH'], DO_NOT_TRACK: '1', TMPDIR: this.#temporary },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const [line] = (await once(createInterface(keeper.stdout), 'line')) as [string];
    this.#running = { pid: Number(line), keeper };
    for (let left = READY_TRIES; left > 0; left -= 1) {
      if (await this.#isReady()) return;
      await pause(READY_PAUSE_MS);
    }
    throw new Error(`the tests' Restate server did not start: ${this.log()}`);
  }

  /** Of the server; `null` while it does not run. */
  get pid(): number | null {
    return this.#running?.pid ?? null;
  }

  /** Ends it in the middle of everything; `start` goes on with what it had. */
  async kill(): Promise<void> {
    const running = this.#running;
    if (running === null) return;
    this.#running = null;
    const ended = once(running.keeper, 'close');
    process.kill(running.pid, 'SIGKILL');
    running.keeper.stdin?.end('ended\n');
    await ended;
  }

  async dispose(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /**
   * Tells it of services that are served at this address, where new calls of them go from now on, and
   * gives the id of the deployment. The system may give a port again: an address that the server knows
   * already would change nothing unless forced, and calls would go on to those that came in between.
   */
  async register(uri: string): Promise<string> {
    let last = '';
    for (let left = READY_TRIES; left > 0; left -= 1) {
      const answer = await fetch(`${this.admin}/deployments`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ uri, force: true }),
      });
      const text = await answer.text();
      if (answer.ok) return (JSON.parse(text) as { id: string }).id;
      // What serves them may take a moment to listen.
      last = text;
      await pause(READY_PAUSE_MS);
    }
    throw new Error(`Restate does not take the services at ${uri}: ${last}`);
  }

  /** Asks its own tables. */
  async query<Row>(sql: string): Promise<readonly Row[]> {
    const answer = await fetch(`${this.admin}/query`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ query: sql }),
    });
    if (!answer.ok) throw new Error(`${sql}: ${await answer.text()}`);
    return ((await answer.json()) as { rows: readonly Row[] }).rows;
  }

  /** Calls that are not completed, a call that waits for its time included. */
  calls(): Promise<readonly KeptCall[]> {
    return this.query(
      "SELECT id, target, status, retry_count, last_failure, pinned_deployment_id FROM sys_invocation WHERE status <> 'completed'",
    );
  }

  /** Ends every call that is not completed, one that waits for its time included. */
  async killCalls(): Promise<void> {
    for (const { id } of await this.calls()) {
      await fetch(`${this.admin}/invocations/${id}/kill`, { method: 'PATCH' });
    }
  }

  /** What it wrote so far. */
  log(): string {
    const path = join(this.#folder, 'server.log');
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  async #isReady(): Promise<boolean> {
    const health = [`${this.admin}/health`, `${this.ingress}/restate/health`];
    const answers = await Promise.allSettled(health.map((url) => fetch(url)));
    if (!answers.every((each) => each.status === 'fulfilled' && each.value.ok)) return false;
    // Its tables may not be found yet although it takes calls.
    return this.calls().then(
      () => true,
      () => false,
    );
  }
}

function settingsOf(folder: string, { nth, ports }: Membership): string {
  const own = ports[nth];
  if (own === undefined) throw new Error(`there is no node ${nth}`);
  const listens = (port: number): string => `bind-ip = "127.0.0.1"
bind-port = ${port}
advertised-host = "127.0.0.1"
`;
  const addresses = ports.map(({ fabric }) => `"http://127.0.0.1:${fabric}"`);
  return `cluster-name = "tests"
node-name = "node-${nth + 1}"
base-dir = "${folder}"
listen-mode = "tcp"
auto-provision = ${nth === 0}
default-num-partitions = ${PARTITIONS}
default-replication = ${Math.min(ports.length, 2)}
disable-telemetry = true
log-filter = "warn"
${listens(own.fabric)}
[metadata-client]
addresses = [${addresses.join(', ')}]
[ingress]
${listens(own.ingress)}
[admin]
${listens(own.admin)}`;
}
