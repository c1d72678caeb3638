/**
 * Sessions of people who logged in: a cookie that says who and until when, signed with a key made
 * of the token.
 *
 * Nothing is kept of one that is open, so it outlives a crash of the server and ends with its token;
 * one that was logged out of is kept by `revocations.ts`. Must never hold the token itself.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Context } from 'hono';
import { getCookie } from 'hono/cookie';
import type { SessionTimes } from './revocations.ts';

/** Where the browser keeps it. */
export const SESSION_COOKIE = 'backstep_session';
/** How long one stays logged in, in seconds. */
export const SESSION_SECONDS = 12 * 60 * 60;
/** Longest name of a person. */
export const MAX_OPERATOR_LENGTH = 60;
const MAX_COOKIE_LENGTH = 512;
const ID_BYTES = 16;

export interface Session {
  /** Who it is, by their own words, for the audit; empty when not said. */
  readonly operator: string;
}

/** What a request says its session is, unchecked, for whoever logs out; empty: it names none. */
export function sessionNamedIn(c: Context): string {
  return getCookie(c, SESSION_COOKIE) ?? '';
}

export class Sessions {
  readonly #key: Buffer;

  constructor(token: string) {
    this.#key = createHmac('sha256', token).update('backstep session').digest();
  }

  /** The value of a new session's cookie. */
  issue({ operator }: Session, nowMs: number): string {
    const until = Math.floor(nowMs / 1_000) + SESSION_SECONDS;
    const name = Buffer.from(operator.slice(0, MAX_OPERATOR_LENGTH)).toString('base64url');
    const content = `${until}.${randomBytes(ID_BYTES).toString('base64url')}.${name}`;
    return `${content}.${this.#sign(content).toString('base64url')}`;
  }

  /** The session of a cookie's value, ended or not; `null` when it is not ours or over. */
  read(value: string, nowMs: number): (Session & SessionTimes) | null {
    if (value.length > MAX_COOKIE_LENGTH) return null;
    const [until = '', id = '', name = '', signature = '', ...rest] = value.split('.');
    const given = Buffer.from(signature, 'base64url');
    const expected = this.#sign(`${until}.${id}.${name}`);
    if (rest.length > 0 || given.length !== expected.length) return null;
    if (!timingSafeEqual(given, expected) || Number(until) * 1_000 <= nowMs) return null;
    const operator = Buffer.from(name, 'base64url').toString('utf8');
    const untilMs = Number(until) * 1_000;
    return { operator, id, untilMs, beganMs: untilMs - SESSION_SECONDS * 1_000 };
  }

  #sign(content: string): Buffer {
    return createHmac('sha256', this.#key).update(content).digest();
  }
}
