/** What is asked of Restate's admin port: who serves what, and which calls do not get on. */
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { BackstepError } from '../../core/errors.ts';
import { causeOf } from './ingress.ts';

const Service = z.object({
  name: z.string(),
  revision: z.number(),
  metadata: z.record(z.string(), z.string()).optional(),
});
const Deployment = z.object({
  id: z.string(),
  // Functions of a cloud, which others may run on the same server, have neither.
  uri: z.string().optional(),
  protocol_type: z.string().optional(),
  services: z.array(Service),
});
const Registered = z.object({ id: z.string(), services: z.array(Service) });
const Deployments = z.object({ deployments: z.array(Deployment) });
const Rows = z.object({ rows: z.array(z.record(z.string(), z.unknown())) });
/** Why it does not do it. */
const Refused = z.object({ message: z.string(), restate_code: z.string() });
/** What was asked what it serves speaks HTTP/1.1 alone. */
const ONLY_HTTP_1 = 'META0014';
/** Longest that one answer may take, tries of it included. */
const PATIENCE_MS = 10_000;
/** Between two tries of what is only looked at, where Restate fails. */
const RETRY_EVERY_MS = 250;

/** A service as a deployment serves it. */
export type Served = z.infer<typeof Service>;

/** Where Restate takes calls of services to. */
export interface Serving {
  readonly id: string;
  readonly url: string;
  /** Both sides of a call speak at once, as HTTP/2 lets them; else one after the other. */
  readonly isBothWays: boolean;
  readonly services: readonly Served[];
}

/** How an address is told of. */
interface Telling {
  /** One that is known there already is asked anew what it serves; else it stays. Default true. */
  readonly isAskedAnew?: boolean;
  /** Only what would be served is asked for. Default false. */
  readonly isTrial?: boolean;
}

export class Admin {
  readonly #url: string;
  readonly #patienceMs: number;

  /** @param url as of `restate-server`, such as `http://localhost:9070` */
  constructor(url: string, patienceMs = PATIENCE_MS) {
    this.#url = url.replace(/\/+$/, '');
    this.#patienceMs = patienceMs;
  }

  /** Says that services are served at that address, and what. Throws `unavailable`. */
  async register(
    uri: string,
    { isAskedAnew = true, isTrial = false }: Telling = {},
  ): Promise<z.infer<typeof Registered>> {
    const told = { uri, force: isAskedAnew, dry_run: isTrial };
    return this.#ask('/deployments', post(told), Registered);
  }

  /** Takes no more calls there. Calls that began there are left failing. Throws `unavailable`. */
  async remove(deployment: string): Promise<void> {
    await this.#ask(`/deployments/${deployment}?force=true`, { method: 'DELETE' }, z.unknown());
  }

  /** Asks Restate's own tables. Throws `unavailable`. */
  async query(
    sql: string,
    patienceMs = this.#patienceMs,
  ): Promise<readonly Readonly<Record<string, unknown>>[]> {
    return (await this.#look('/query', post({ query: sql }), Rows, patienceMs)).rows;
  }

  /** Sets what an object keeps, in the place of all that it has kept. Throws `unavailable`. */
  async setState(
    service: string,
    key: string,
    state: Readonly<Record<string, string>>,
  ): Promise<void> {
    const bytes: Record<string, readonly number[]> = {};
    for (const [name, text] of Object.entries(state)) bytes[name] = [...Buffer.from(text)];
    const asked = post({ object_key: key, new_state: bytes });
    await this.#ask(`/services/${service}/state`, asked, z.unknown());
  }

  /** Every deployment. Throws `unavailable`. */
  async deployments(): Promise<readonly Serving[]> {
    const { deployments } = await this.#look('/deployments', { method: 'GET' }, Deployments);
    return deployments.map(({ id, uri, protocol_type, services }) => ({
      id,
      url: uri ?? 'an address that it does not tell',
      isBothWays: protocol_type === 'BidiStream',
      services,
    }));
  }

  /**
   * Asks what changes nothing, again where Restate fails: while a node of it is away its tables cannot be
   * read for a moment.
   */
  async #look<Answer>(
    path: string,
    asked: Asked,
    shape: z.ZodType<Answer>,
    patienceMs = this.#patienceMs,
  ): Promise<Answer> {
    const untilMs = performance.now() + patienceMs;
    for (;;) {
      const leftMs = untilMs - performance.now();
      try {
        return await this.#ask(path, asked, shape, leftMs);
      } catch (thrown) {
        const cause = thrown instanceof Error ? thrown.cause : null;
        if (!(cause instanceof Failing) || leftMs < 2 * RETRY_EVERY_MS) throw thrown;
        await pause(RETRY_EVERY_MS);
      }
    }
  }

  async #ask<Answer>(
    path: string,
    asked: Asked,
    shape: z.ZodType<Answer>,
    patienceMs = this.#patienceMs,
  ): Promise<Answer> {
    const signal = AbortSignal.timeout(Math.ceil(patienceMs));
    const headers = { 'content-type': 'application/json', accept: 'application/json' };
    const request = { ...asked, headers, signal };
    try {
      const answer = await fetch(this.#url + path, request);
      const text = await answer.text();
      if (answer.ok) return shape.parse(text === '' ? null : JSON.parse(text));
      const refused = Refused.safeParse(jsonIn(text));
      if (refused.success) throw new BackstepError('unavailable', refusalText(refused.data));
      const said = `${answer.status} ${text}`;
      if (answer.status >= 500) throw new Failing(`it fails: ${said}`);
      throw new Error(`it answers as Restate does not, ${said}`);
    } catch (cause) {
      if (cause instanceof BackstepError) throw cause;
      const message = `Restate's admin port at ${this.#url}${path}: ${reasonOf(cause)}`;
      throw new BackstepError('unavailable', message, { cause });
    }
  }
}

interface Asked {
  readonly method: string;
  readonly body?: string;
}

/** It cannot just now, and refuses nothing. */
class Failing extends Error {}

/** What serves new calls of the service; `null`: nothing does. */
export function newestServing(deployments: readonly Serving[], service: string): Serving | null {
  const revisionAt = ({ services }: Serving): number =>
    services.find(({ name }) => name === service)?.revision ?? 0;
  let newest: Serving | null = null;
  for (const each of deployments) {
    if (revisionAt(each) > (newest === null ? 0 : revisionAt(newest))) newest = each;
  }
  return newest;
}

/** A value within SQL. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function post(body: object): Asked {
  return { method: 'POST', body: JSON.stringify(body) };
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** In words of this host: what Restate advises would be wrong, where it saw HTTP/1.1. */
function refusalText({ message, restate_code: code }: z.infer<typeof Refused>): string {
  const text = message.replace(/^(?:\[\w+\] )+/, '');
  const asked = /^error when calling '(?<url>[^']*)': (?<why>.*)$/s.exec(text)?.groups;
  if (asked === undefined) return `Restate refuses: ${text} (${code})`;
  const why =
    code === ONLY_HTTP_1
      ? 'no HTTP/2 is spoken there, as workers and the face do and balancers before them must'
      : asked['why'];
  return `Restate cannot reach ${asked['url']}: ${why} (${code})`;
}

function reasonOf(cause: unknown): string {
  if (cause instanceof z.ZodError) return 'it answers as Restate does not';
  return cause instanceof Error ? causeOf(cause) : String(cause);
}
