/**
 * The whole system for one test: a folder, two ports, processes, and the ways in over HTTP.
 *
 * A process may die and come back; folder, ports and so the addresses stay. Nothing waits without
 * a deadline, and every process started here has ended when the test is over.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { freePort } from '../ports.ts';
import { childOf, run, type Environment, type Program } from './processes.ts';

/** Between two looks at an answer that nothing announces. */
const POLL_MS = 50;
/** Longest that anything here is waited for. */
export const PATIENCE_MS = 45_000;
const PAGE_LIMIT = 200;

const READY = /^Backstep is ready: /;
const PROVIDER_READY = /^\{"ready":true/;

export interface Answer<Body> {
  readonly status: number;
  readonly body: Body;
}

/** The body of `POST /saga/execute`. */
export interface OrderBody {
  readonly order_id: string;
  readonly customer_id: string;
  readonly customer_email: string;
  readonly product_id: string;
  readonly quantity: number;
  readonly amount: string | number;
  readonly payment_method: string;
}

/** What an accepted order is answered with. */
export interface Started {
  readonly saga_id: string;
  readonly order_id: string;
  readonly status: string;
}

/** A line of the journal, as the API and the feed show it. */
export interface Transition {
  readonly seq: number;
  readonly at: string;
  readonly kind: 'transition' | 'note';
  readonly cause: string;
  readonly event: string;
  readonly from: string | null;
  readonly to: string;
  readonly status: string;
}

export interface FeedLine extends Transition {
  readonly saga: string;
}

interface Page {
  readonly items: readonly unknown[];
  readonly nextCursor: string | null;
}

/**
 * A site of its own for one test; `onTestFinished` of the test's context ends it. `database`: a URL;
 * default: a file of its own.
 */
export async function siteFor(
  onTestFinished: (end: () => Promise<void>) => void,
  database?: string,
): Promise<Site> {
  const site = new Site(await freePort(), await freePort(), database);
  onTestFinished(() => site.dispose());
  return site;
}

export class Site {
  readonly folder = mkdtempSync(join(tmpdir(), 'backstep-e2e-'));
  /** A file, or a URL. */
  readonly database: string;
  readonly url: string;
  readonly providerUrl: string;
  /** Where the programs that are started from now on write their log. */
  stderr: number | 'pipe' = 'pipe';
  readonly #port: string;
  readonly #providerPort: string;
  readonly #programs: Program[] = [];

  constructor(port: number, providerPort: number, database?: string) {
    this.database = database ?? join(this.folder, 'backstep.db');
    this.#port = String(port);
    this.#providerPort = String(providerPort);
    this.url = `http://127.0.0.1:${port}`;
    this.providerUrl = `http://127.0.0.1:${providerPort}`;
  }

  /** Everything, as `npm start` runs it. Resolves once orders are taken. */
  async launch(env: Environment = {}): Promise<Program> {
    const launcher = this.start('launcher', env);
    await launcher.line(READY);
    return launcher;
  }

  /** The server alone, without anybody to restart it. */
  async serve(env: Environment = {}): Promise<Program> {
    const server = this.start('server', { PAYMENT_PROVIDER_URL: this.providerUrl, ...env });
    await server.line(READY);
    return server;
  }

  /** The provider alone. */
  async provide(): Promise<Program> {
    const provider = this.start('provider');
    await provider.line(PROVIDER_READY);
    return provider;
  }

  /** Starts a program of this site without waiting for it. */
  start(
    program: Parameters<typeof run>[0],
    env: Environment = {},
    args: readonly string[] = [],
  ): Program {
    const settings = {
      PORT: this.#port,
      PAYMENT_PROVIDER_PORT: this.#providerPort,
      BACKSTEP_DB: this.database,
      PAYMENT_PROVIDER_DB: join(this.folder, 'provider.db'),
      ...env,
    };
    const started = run(program, this.folder, settings, args, this.stderr);
    this.#programs.push(started);
    return started;
  }

  async dispose(): Promise<void> {
    // What runs below a launcher sees its channel close and ends too.
    for (const program of this.#programs) program.signal('SIGKILL');
    await Promise.all(this.#programs.map((program) => program.ended));
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Any request with a JSON body or none; rejects when nobody answers. */
  call<Body>(method: string, path: string, body?: unknown): Promise<Answer<Body>> {
    return request<Body>(method, `${this.url}${path}`, body);
  }

  /** As `call`, to the payment provider. */
  callProvider<Body>(method: string, path: string, body?: unknown): Promise<Answer<Body>> {
    return request<Body>(method, `${this.providerUrl}${path}`, body);
  }

  async get<Body>(path: string): Promise<Body> {
    const { status, body } = await this.call<Body>('GET', path);
    if (status !== 200) throw new Error(`${path} answered ${status}: ${JSON.stringify(body)}`);
    return body;
  }

  /** Every item of a paged list. */
  async all<Item>(path: string): Promise<readonly Item[]> {
    const items: Item[] = [];
    let cursor: string | null = null;
    do {
      const next = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const page: Page = await this.get<Page>(`${path}?limit=${PAGE_LIMIT}${next}`);
      items.push(...(page.items as readonly Item[]));
      cursor = page.nextCursor;
    } while (cursor !== null);
    return items;
  }

  order(body: OrderBody, wait?: string): Promise<Answer<Started>> {
    return this.call('POST', `/saga/execute${wait === undefined ? '' : `?wait=${wait}`}`, body);
  }

  journal(sagaId: string): Promise<readonly Transition[]> {
    return this.all(`/api/sagas/${sagaId}/transitions`);
  }

  /** Sets faults; throws when they are refused. */
  async fault(activity: string, settings: object): Promise<void> {
    const { status, body } = await this.call('PUT', `/api/faults/${activity}`, settings);
    if (status !== 200) throw new Error(`fault refused: ${JSON.stringify(body)}`);
  }

  async clearFaults(): Promise<void> {
    await this.call('DELETE', '/api/faults');
  }

  /** Resolves with the first transition ever that matches, past ones included. */
  seen(matches: (line: FeedLine) => boolean): Promise<FeedLine> {
    const socket = new WebSocket(`${this.url.replace('http', 'ws')}/ws/transitions?since=0`);
    const found = new Promise<FeedLine>((resolve, reject) => {
      const timeout = setTimeout(() => reject(new Error('not seen in the feed')), PATIENCE_MS);
      socket.on('message', (data: Buffer) => {
        const line = JSON.parse(data.toString()) as FeedLine;
        if (line.saga === undefined || !matches(line)) return;
        clearTimeout(timeout);
        resolve(line);
      });
      socket.on('error', reject);
      socket.on('close', () => {
        clearTimeout(timeout);
        reject(new Error('the feed ended'));
      });
    });
    return found.finally(() => socket.terminate());
  }

  /** Resolves once no saga moves any more and no mail waits. */
  atRest(): Promise<void> {
    return until('all sagas are at rest', () => this.isAtRest());
  }

  /** As `atRest`, or once the program has ended; tells which. */
  async atRestOrEnded(program: Program): Promise<'at-rest' | 'ended'> {
    let hasEnded = false;
    void program.ended.then(() => (hasEnded = true));
    await until('all is at rest or the end', async () => hasEnded || (await this.isAtRest()));
    return hasEnded ? 'ended' : 'at-rest';
  }

  async isAtRest(): Promise<boolean> {
    const stats = await this.get<Record<string, number>>('/saga/stats');
    const moving = ['running', 'waiting', 'compensating'];
    if (moving.some((status) => (stats[status] ?? 0) > 0)) return false;
    const completed = stats['completed'] ?? 0;
    const mails = await this.all<{ status: string }>('/saga/notifications');
    return mails.filter((mail) => mail.status === 'sent').length === completed;
  }
}

/** The process of the server below a launcher, to be killed. */
export function serverBelow(launcher: Program): number {
  return childOf(launcher.pid, 'server');
}

/** Asks again and again, within the patience of a test; an answer that fails counts as no. */
export async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = AbortSignal.timeout(PATIENCE_MS);
  let problem: unknown = null;
  while (!deadline.aborted) {
    try {
      if (await isSo()) return;
      problem = null;
    } catch (error) {
      problem = error;
    }
    await delay(POLL_MS);
  }
  throw new Error(`waited in vain until ${what}`, { cause: problem });
}

async function request<Body>(method: string, url: string, body: unknown): Promise<Answer<Body>> {
  const response = await fetch(url, {
    method,
    ...(body === undefined
      ? {}
      : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: JSON.parse(text === '' ? 'null' : text) as Body };
}
