/**
 * The way to the payment provider over HTTP, and what its answers mean.
 *
 * Must never report a failure as harmless when money may have moved: only a refused connection and
 * the problems that the provider documents as "nothing happened" are clear. All else is ambiguous:
 * a redirect, an answer of another shape or length, a status that a machine in between may have given.
 */
import { z } from 'zod';
import { PermanentError, TransientError } from '../../src/core/failure.ts';
import { askProvider, type ProviderAnswer } from './provider-answer.ts';

const Id = z.string().min(1).max(300);
const TimeMs = z.int().min(0);
const ChargeAnswer = z.object({ transactionId: Id, chargedAtMs: TimeMs });
const FoundAnswer = ChargeAnswer.extend({ refundedAtMs: TimeMs.nullable() });
const RefundAnswer = z.union([
  z.object({ refundId: Id, refundedAtMs: TimeMs, charge: ChargeAnswer }),
  z.object({ refundId: z.null(), refundedAtMs: z.null(), charge: z.null() }),
]);
/** RFC 9457, as the provider gives it. */
const Problem = z.object({ code: z.string().min(1).max(100), detail: z.string().max(1_000) });

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
  return read(ChargeAnswer, await post(`${providerUrl}/charges`, key, body, signal));
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
  const answer = await ask(`${providerUrl}/charges/${encodeURIComponent(key)}`, { signal });
  if (answer.status === 404) return null;
  if (answer.status !== 200) throw refusalOf(answer);
  const { refundedAtMs, ...charge } = read(FoundAnswer, answer);
  return { ...charge, isRefunded: refundedAtMs !== null };
}

/** As `chargeAtProvider`; null: there was no charge, its key is fenced now. */
export async function refundAtProvider(
  providerUrl: string,
  key: string,
  request: RefundRequest,
  signal: AbortSignal,
): Promise<BookedRefund | null> {
  const answer = read(RefundAnswer, await post(`${providerUrl}/refunds`, key, request, signal));
  return answer.refundId === null ? null : answer;
}

async function post(
  url: string,
  key: string,
  body: object,
  signal: AbortSignal,
): Promise<ProviderAnswer> {
  const answer = await ask(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify(body),
    signal,
  });
  if (answer.status === 200) return answer;
  throw refusalOf(answer);
}

function ask(url: string, request: RequestInit): Promise<ProviderAnswer> {
  return askProvider(url, request).catch((cause: unknown) => {
    throw isRefusedConnection(cause)
      ? new TransientError('provider-down', 'the payment provider is down', { cause })
      : cause;
  });
}

function read<Schema extends z.ZodType>(
  schema: Schema,
  { body }: ProviderAnswer,
): z.output<Schema> {
  const answer = schema.safeParse(body);
  if (answer.success) return answer.data;
  const where = answer.error.issues[0]?.path.join('.') ?? '';
  throw new Error(
    `the payment provider's answer is not as documented: ${where || 'no JSON object'}`,
  );
}

// Without its own problem nobody knows who refused it, and how far it had come by then.
function refusalOf({ status, body }: ProviderAnswer): Error {
  const problem = Problem.safeParse(body);
  if (!problem.success)
    return new Error(`the payment provider answered ${status}, without a reason`);
  const { code, detail } = problem.data;
  if (status === 503 || status === 429) return new TransientError(code, detail);
  if (status === 402 || status === 409 || status === 422) return new PermanentError(code, detail);
  return new Error(`the payment provider answered ${status}: ${detail}`);
}

function isRefusedConnection(thrown: unknown): boolean {
  return readMember(readMember(thrown, 'cause'), 'code') === 'ECONNREFUSED';
}

function readMember(from: unknown, property: string): unknown {
  return from !== null && typeof from === 'object' ? Reflect.get(from, property) : undefined;
}
