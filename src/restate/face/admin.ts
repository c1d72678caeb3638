/** What is asked of Restate's admin port: who serves what, and which calls do not get on. */
import { z } from 'zod';
import { BackstepError } from '../../core/errors.ts';

const Deployment = z.object({ id: z.string() });
const Deployments = z.object({
  deployments: z.array(
    z.object({
      // Functions of a cloud, which others may run on the same server, have neither.
      uri: z.string().optional(),
      protocol_type: z.string().optional(),
      services: z.array(z.object({ name: z.string(), revision: z.number() })),
    }),
  ),
});
const Rows = z.object({ rows: z.array(z.record(z.string(), z.unknown())) });
/** Longest that one answer may take. */
const PATIENCE_MS = 10_000;

/** Where Restate takes new calls of a service to. */
export interface Serving {
  readonly url: string;
  /** Both sides of a call speak at once, as HTTP/2 lets them; else one after the other. */
  readonly isBothWays: boolean;
}

export class Admin {
  readonly #url: string;

  /** @param url as of `restate-server`, such as `http://localhost:9070` */
  constructor(url: string) {
    this.#url = url.replace(/\/+$/, '');
  }

  /**
   * Says that services are served at that address, and gives the id of the deployment. One that is
   * known there already is asked anew what it serves. Throws `unavailable`.
   */
  async register(uri: string): Promise<string> {
    return (await this.#post('/deployments', { uri, force: true }, Deployment)).id;
  }

  /** Asks Restate's own tables. Throws `unavailable`. */
  async query(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
    return (await this.#post('/query', { query: sql }, Rows)).rows;
  }

  /** What serves new calls of the service; `null`: nothing does. Throws `unavailable`. */
  async newestServing(service: string): Promise<Serving | null> {
    const { deployments } = await this.#ask('/deployments', { method: 'GET' }, Deployments);
    let newest: Serving | null = null;
    let newestRevision = 0;
    for (const {
      uri = 'an address that it does not tell',
      protocol_type,
      services,
    } of deployments) {
      const revision = services.find(({ name }) => name === service)?.revision ?? 0;
      if (revision <= newestRevision) continue;
      newestRevision = revision;
      newest = { url: uri, isBothWays: protocol_type === 'BidiStream' };
    }
    return newest;
  }

  #post<Answer>(path: string, body: object, shape: z.ZodType<Answer>): Promise<Answer> {
    return this.#ask(path, { method: 'POST', body: JSON.stringify(body) }, shape);
  }

  async #ask<Answer>(
    path: string,
    asked: { readonly method: string; readonly body?: string },
    shape: z.ZodType<Answer>,
  ): Promise<Answer> {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const headers = { 'content-type': 'application/json', accept: 'application/json' };
    const request = { ...asked, headers, signal };
    try {
      const answer = await fetch(this.#url + path, request);
      const text = await answer.text();
      if (answer.ok) return shape.parse(JSON.parse(text));
      throw new Error(`${answer.status} ${text}`);
    } catch (cause) {
      const message = `Restate's admin port at ${this.#url}${path}: ${reasonOf(cause)}`;
      throw new BackstepError('unavailable', message, { cause });
    }
  }
}

function reasonOf(cause: unknown): string {
  if (cause instanceof z.ZodError) return 'it answers as Restate does not';
  return cause instanceof Error ? cause.message : String(cause);
}
