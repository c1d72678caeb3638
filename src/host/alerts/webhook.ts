/**
 * One POST of an alert, signed as Standard Webhooks says (standardwebhooks.com): HMAC-SHA256 over
 * id, time and body, which any library for it verifies.
 *
 * Invariant: neither the address nor a secret is in what is thrown, logged or shown: addresses of
 * chat services are secrets themselves. No answer is read: only its status counts, and it leads
 * nowhere else.
 */
import { createHmac } from 'node:crypto';
import { type AlertWebhook, secretBytes } from './alert-options.ts';

/** Why a try failed, in words without a secret. */
export class DeliveryFault extends Error {
  override readonly name = 'DeliveryFault';
  /** The receiver is gone for good and said so. */
  readonly isFinal: boolean;
  /** How long it asks to be left alone; `null`: it does not say. */
  readonly retryAfterMs: number | null;

  constructor(
    message: string,
    { isFinal = false, retryAfterMs = null }: { isFinal?: boolean; retryAfterMs?: number | null },
  ) {
    super(message);
    this.isFinal = isFinal;
    this.retryAfterMs = retryAfterMs;
  }
}

/** What is sent. */
export interface SignedMessage {
  readonly id: string;
  readonly body: string;
}

const GONE = 410;
const MAX_RETRY_AFTER_MS = 3_600_000;

/** Sends it. Throws `DeliveryFault` where the receiver did not take it. */
export async function post(
  { url, secret }: AlertWebhook,
  { id, body }: SignedMessage,
  nowMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { address, authorization } = addressOf(url);
  const seconds = String(Math.floor(nowMs / 1_000));
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'Backstep',
    'webhook-id': id,
    'webhook-timestamp': seconds,
    'webhook-signature': signatures(secret, `${id}.${seconds}.${body}`),
    ...authorization,
  };
  let answer: Response;
  try {
    answer = await fetch(address, { method: 'POST', headers, body, signal, redirect: 'manual' });
  } catch (error) {
    throw new DeliveryFault(networkFault(error, signal), {});
  }
  await answer.body?.cancel().catch(() => {}); // whatever it says beyond its status
  if (answer.ok) return;
  const { status } = answer;
  const isElsewhere = status >= 300 && status < 400;
  const message = isElsewhere
    ? `it answers ${status}, a redirect, which is not followed`
    : `it answers ${status}`;
  throw new DeliveryFault(message, {
    isFinal: status === GONE,
    retryAfterMs: retryAfterOf(answer.headers.get('retry-after'), nowMs),
  });
}

/** An address as people may see it: neither user nor path nor query, any of which may be secret. */
export function shownAddress(url: string): string {
  const { origin, pathname, search } = new URL(url);
  return pathname === '/' && search === '' ? origin : `${origin}/…`;
}

function addressOf(url: string) {
  const address = new URL(url);
  const { username, password } = address;
  if (username === '' && password === '') return { address, authorization: {} };
  address.username = '';
  address.password = '';
  const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { address, authorization: { authorization: `Basic ${btoaUtf8(user)}` } };
}

function btoaUtf8(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}

function signatures(secret: AlertWebhook['secret'], signed: string): string {
  const secrets = typeof secret === 'string' ? [secret] : secret;
  return secrets
    .map((each) => {
      const key = secretBytes(each) ?? Buffer.alloc(0); // checked where it was given
      return `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
    })
    .join(' ');
}

// The message of `fetch` has the address in it; its cause has a code.
function networkFault(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return signal.reason instanceof Error ? signal.reason.message : 'aborted';
  const cause = error instanceof Error ? error.cause : undefined;
  const code: unknown = cause instanceof Error ? Reflect.get(cause, 'code') : undefined;
  return typeof code === 'string' && /^[A-Z0-9_]+$/.test(code)
    ? `it cannot be reached: ${code}`
    : 'it cannot be reached';
}

function retryAfterOf(header: string | null, nowMs: number): number | null {
  if (header === null) return null;
  const ms = /^\d{1,9}$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - nowMs;
  return Number.isFinite(ms) && ms > 0 ? Math.min(ms, MAX_RETRY_AFTER_MS) : null;
}
