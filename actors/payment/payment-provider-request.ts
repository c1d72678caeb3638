/**
 * What the payment provider accepts from outside: bodies and keys, checked once.
 *
 * Must never let money through that is not a positive whole number of minor units. Throws
 * `input-invalid`; the values it gives back are complete and typed.
 */
import { BackstepError, type Issue } from '../../src/core/errors.ts';
import type { ChargeBody, RefundBody } from './payment-provider-ledger.ts';

/** 1,000,000.00 in a currency with two decimals. */
const MAX_AMOUNT_MINOR = 100_000_000;
const MAX_TEXT_LENGTH = 300;
const CURRENCY = /^[A-Z]{3}$/;
const METHODS: readonly unknown[] = ['credit_card', 'paypal', 'bank_transfer'];

/** Injected behaviour, and the routes it is for. */
export interface BehaviourRequest {
  readonly routes: readonly string[];
  /** To be checked by the registry of faults. */
  readonly settings: unknown;
}

/** The idempotency key of a request. Throws `input-invalid`. */
export function parseKey(header: string | undefined): string {
  if (isText(header)) return header;
  const message = `must be given, with at most ${MAX_TEXT_LENGTH} characters`;
  throw invalid([{ path: 'Idempotency-Key', message, isTypeError: header === undefined }]);
}

/** A charge's body. Throws `input-invalid` with every issue. */
export function parseCharge(body: unknown): ChargeBody {
  const orderId = read(body, 'orderId');
  const amountMinor = read(body, 'amountMinor');
  const currency = read(body, 'currency');
  const method = read(body, 'method');
  if (
    isText(orderId) &&
    isAmount(amountMinor) &&
    typeof currency === 'string' &&
    CURRENCY.test(currency) &&
    typeof method === 'string' &&
    METHODS.includes(method)
  ) {
    return { orderId, amountMinor, currency, method };
  }
  throw invalid([
    ...issue(isText(orderId), 'orderId', `must be a text of 1 to ${MAX_TEXT_LENGTH} characters`),
    ...issue(isAmount(amountMinor), 'amountMinor', `must be 1 to ${MAX_AMOUNT_MINOR}`),
    ...issue(CURRENCY.test(String(currency)), 'currency', 'must be three capital letters'),
    ...issue(METHODS.includes(method), 'method', `must be one of ${METHODS.join(', ')}`),
  ]);
}

/** A refund's body. Throws `input-invalid`. */
export function parseRefund(body: unknown): RefundBody {
  const forwardKey = read(body, 'forwardKey');
  if (isText(forwardKey)) return { forwardKey };
  throw invalid(issue(false, 'forwardKey', 'must be the key of a charge'));
}

/** `only` picks one route, else all are meant; the rest are the settings. */
export function parseBehaviour(body: unknown, routes: readonly string[]): BehaviourRequest {
  if (body === null || typeof body !== 'object' || !('only' in body)) {
    return { routes, settings: body };
  }
  const { only, ...settings } = body;
  const chosen = routes.filter((route) => route === only);
  if (chosen.length > 0) return { routes: chosen, settings };
  throw invalid(issue(false, 'only', `must be one of ${routes.join(', ')}`));
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= MAX_TEXT_LENGTH;
}

function isAmount(value: unknown): value is number {
  return (
    typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= MAX_AMOUNT_MINOR
  );
}

function issue(isFine: boolean, path: string, message: string): readonly Issue[] {
  return isFine ? [] : [{ path, message, isTypeError: false }];
}

function read(from: unknown, property: string): unknown {
  return from !== null && typeof from === 'object' ? Reflect.get(from, property) : undefined;
}

function invalid(issues: readonly Issue[]): BackstepError {
  return new BackstepError('input-invalid', 'this request is not valid', { issues });
}
