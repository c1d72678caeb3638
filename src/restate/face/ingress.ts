/**
 * Calls of sagas through Restate's ingress, as programs outside make them.
 *
 * Invariant: a call has one key over all its tries, so that Restate takes it once however often it
 * must be asked, and whoever asks again hears what the first one came to.
 */
import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { BackstepError } from '../../core/errors.ts';
import { type Clock, pause } from '../../host/clock.ts';
import { type PUBLIC_HANDLERS, SERVICES } from '../names.ts';
import { KEPT_TURNS, type KeptTurns, SAGA_ANSWERS, type SagaWords } from '../words.ts';

type Handler = (typeof PUBLIC_HANDLERS)[number];

type Answers = { readonly [Name in Handler]: z.infer<(typeof SAGA_ANSWERS)[Name]> };

/** What a handler is asked; `get` looks only. */
type Words = { readonly [Name in Handler]: Name extends keyof SagaWords ? SagaWords[Name] : null };

/** Longest that a call is tried, tries that Restate has not answered included. */
const PATIENCE_MS = 30_000;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;
const TOO_MANY = 429;
const UNAVAILABLE = 503;

/** One handler of one object. */
export interface Asked {
  readonly service: string;
  readonly key: string;
  readonly handler: string;
  /** By which Restate knows the call again; `null`: it may be made any number of times. */
  readonly once: string | null;
}

/** One try of a call: what it answered, or why there is none. */
type Try =
  | { readonly kind: 'answered'; readonly body: unknown }
  /** Restate cannot take it just now. */
  | { readonly kind: 'passing'; readonly why: string };

export class Ingress {
  readonly #url: string;
  readonly #clock: Clock;

  /** @param url as of `restate-server`, such as `http://localhost:8080` */
  constructor(url: string, clock: Clock) {
    this.#url = url.replace(/\/+$/, '');
    this.#clock = clock;
  }

  /**
   * Asks a handler of a saga. Throws `unavailable` when there was no answer in time: what was asked
   * may still be done, and asking the same again does it once only if it is a start with its key or
   * an event with its id, or has the same `once`, as long as Restate remembers that; see
   * `CALL_OPTIONS`. Default: the call has a key of its own.
   */
  async call<Name extends Handler>(
    sagaId: string,
    handler: Name,
    words: Words[Name],
    once: string = randomUUID(),
  ): Promise<Answers[Name]> {
    // A look changes nothing, and an answer that is kept would be an old one.
    const isLook = handler === 'get' || handler === 'turns';
    const asked = { service: SERVICES.saga, key: sagaId, handler, once: isLook ? null : once };
    const body = await this.ask(asked, words);
    // The schema of a handler gives its answers, which the compiler cannot follow by name.
    return SAGA_ANSWERS[handler].parse(body) as Answers[Name];
  }

  /** The turns of a saga after that one, as its journal keeps them. Throws `unavailable`. */
  async keptTurns(sagaId: string, afterSeq: number): Promise<KeptTurns['turns']> {
    const kept = { service: SERVICES.journal, key: sagaId, handler: 'kept', once: null };
    return KEPT_TURNS.parse(await this.ask(kept, { afterSeq })).turns;
  }

  /** Asks any handler: tries it until it is answered. Throws `unavailable` where that takes too long. */
  async ask({ service, key, handler, once }: Asked, words: object | null): Promise<unknown> {
    const url = `${this.#url}/restate/call/${service}/${encodeURIComponent(key)}/${handler}`;
    const request = {
      method: 'POST',
      headers: {
        ...(words === null ? {} : { 'content-type': 'application/json' }),
        ...(once === null ? {} : { 'idempotency-key': once }),
      },
      ...(words === null ? {} : { body: JSON.stringify(words) }),
    };
    const untilMs = this.#clock.nowMs() + PATIENCE_MS;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      const tried = await this.#try(url, request, untilMs);
      if (tried.kind === 'answered') return tried.body;
      if (this.#clock.nowMs() + pauseMs >= untilMs) throw unavailable(tried.why);
      await pause(this.#clock, pauseMs);
    }
  }

  async #try(url: string, request: RequestInit, untilMs: number): Promise<Try> {
    const leftMs = Math.max(1, untilMs - this.#clock.nowMs());
    try {
      const signal = AbortSignal.timeout(leftMs);
      const answer = await fetch(url, { ...request, signal });
      const text = await answer.text();
      if (answer.ok) return { kind: 'answered', body: text === '' ? null : JSON.parse(text) };
      const isOurs = answer.headers.get('x-restate-error-source') === 'invocation';
      const why = `Restate answers ${answer.status}: ${text}`;
      if (isOurs) throw new Error(why);
      if (answer.status === TOO_MANY || answer.status >= UNAVAILABLE)
        return { kind: 'passing', why };
      throw unavailable(why);
    } catch (error) {
      if (!(error instanceof TypeError || isTimeout(error))) throw error;
      return { kind: 'passing', why: `Restate does not answer: ${causeOf(error)}` };
    }
  }
}

function unavailable(why: string): BackstepError {
  return new BackstepError('unavailable', why, { retryAfterMs: LONGEST_PAUSE_MS });
}

function isTimeout(error: unknown): error is Error {
  return error instanceof Error && error.name === 'TimeoutError';
}

/** Why `fetch` failed: its own message says only that it did, and its cause may have a code alone. */
export function causeOf({ message, cause }: Error): string {
  if (!(cause instanceof Error)) return message;
  return cause.message === '' ? String(Reflect.get(cause, 'code') ?? message) : cause.message;
}
