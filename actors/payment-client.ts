/**
 * The way to the payment provider over HTTP, and what its answers mean.
 *
 * Must never report a failure as harmless when money may have moved: only a refused connection and
 * the statuses that the provider documents as "nothing happened" are clear, all else is ambiguous.
 */
import { PermanentError, TransientError } from '../src/core/failure.ts';

/** What is charged; `amountMinor` in minor units of the currency. */
export interface ChargeRequest {
  readonly orderId: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly method: string;
}

/** Which charge is given back: the one made with `forwardKey`. */
export interface RefundRequest {
  readonly forwardKey: string;
  readonly orderId: string;
  readonly reason: string;
}

/** A charge as the provider booked it. */
export interface Charge {
  readonly transactionId: string;
  /** By the provider's clock, milliseconds since 1970. */
  readonly chargedAtMs: number;
}

/** A refund as the provider booked it. */
export interface BookedRefund {
  readonly refundId: string;
  readonly refundedAtMs: number;
  readonly charge: Charge;
}

/**
 * Charges once per key. Throws `PermanentError` when declined (402), invalid (422) or fenced
 * (409), `TransientError` when the provider is down or unavailable; any other error is ambiguous.
 */
export async function chargeAtProvider(
  providerUrl: string,
  key: string,
  request: ChargeRequest,
  signal: AbortSignal,
): Promise<Charge> {
  const { orderId, amountMinor, currency, method } = request;
  const body = { orderId, amountMinor, currency, method };
  return toCharge(await post(`${providerUrl}/charges`, key, body, signal));
}

/**
 * What the provider booked under the key; null: nothing so far, though a charge may still be on its
 * way. Throws as `chargeAtProvider`.
 */
export async function findChargeAtProvider(
  providerUrl: string,
  key: string,
  signal: AbortSignal,
): Promise<(Charge & { readonly isRefunded: boolean }) | null> {
  const url = `${providerUrl}/charges/${encodeURIComponent(key)}`;
  const response = await call(url, { signal });
  if (response.status === 404) return null;
  if (!response.ok) throw await refusal(response);
  const answer: unknown = await response.json();
  return { ...toCharge(answer), isRefunded: read(answer, 'refundedAtMs') !== null };
}

/** As `chargeAtProvider`; null: there was no charge, its key is fenced now. */
export async function refundAtProvider(
  providerUrl: string,
  key: string,
  request: RefundRequest,
  signal: AbortSignal,
): Promise<BookedRefund | null> {
  const answer = await post(`${providerUrl}/refunds`, key, request, signal);
  if (read(answer, 'refundId') === null) return null;
  return {
    refundId: textOf(answer, 'refundId'),
    refundedAtMs: numberOf(answer, 'refundedAtMs'),
    charge: toCharge(read(answer, 'charge')),
  };
}

async function post(url: string, key: string, body: object, signal: AbortSignal): Promise<unknown> {
  const response = await call(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify(body),
    signal,
  });
  if (response.ok) return response.json();
  throw await refusal(response);
}

function call(url: string, request: RequestInit): Promise<Response> {
  return fetch(url, request).catch((cause: unknown) => {
    throw isRefusedConnection(cause)
      ? new TransientError('provider-down', 'the payment provider is down', { cause })
      : cause;
  });
}

// A refusal without a readable reason is still told by its status.
async function refusal(response: Response): Promise<Error> {
  return refusalOf(response.status, await response.json().catch(() => null));
}

function refusalOf(status: number, answer: unknown): Error {
  const code = readText(answer, 'code') ?? `provider-${status}`;
  const message = readText(answer, 'detail') ?? `the payment provider answered ${status}`;
  if (status === 503 || status === 429) return new TransientError(code, message);
  if (status === 402 || status === 409 || status === 422) return new PermanentError(code, message);
  return new Error(`the payment provider answered ${status}: ${message}`);
}

function isRefusedConnection(thrown: unknown): boolean {
  return readText(read(thrown, 'cause'), 'code') === 'ECONNREFUSED';
}

function toCharge(answer: unknown): Charge {
  return {
    transactionId: textOf(answer, 'transactionId'),
    chargedAtMs: numberOf(answer, 'chargedAtMs'),
  };
}

function textOf(answer: unknown, property: string): string {
  const value = readText(answer, property);
  if (value !== undefined) return value;
  throw new Error(`the payment provider's answer lacks ${property}`);
}

function numberOf(answer: unknown, property: string): number {
  const value = read(answer, property);
  if (typeof value === 'number') return value;
  throw new Error(`the payment provider's answer lacks ${property}`);
}

function readText(from: unknown, property: string): string | undefined {
  const value = read(from, property);
  return typeof value === 'string' ? value : undefined;
}

function read(from: unknown, property: string): unknown {
  return from !== null && typeof from === 'object' ? Reflect.get(from, property) : undefined;
}
