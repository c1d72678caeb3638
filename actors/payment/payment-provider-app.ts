/**
 * The payment provider's HTTP face: charges, refunds, look-ups, its ledger, and faults
 * that are injected into them.
 *
 * A simulated outside service: it knows nothing of sagas. Must never answer 402, 409, 422 or 503
 * when money moved; its clients rely on that. Invariant: a request is applied whether or not its
 * client still listens, as a real provider would.
 *
 * Errors are `application/problem+json` with `code`, `title`, `status`, `detail`.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono, type Context, type MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { BackstepError } from '../../src/core/errors.ts';
import type { Faults } from '../faults/faults.ts';
import { guardProvider, type Refusal } from './payment-provider-guard.ts';
import { MAX_LEDGER_PAGE, type PaymentLedger } from './payment-provider-ledger.ts';
import { parseBehaviour, parseCharge, parseKey, parseRefund } from './payment-provider-request.ts';

const MAX_BODY_BYTES = 16 * 1024;

/** The routes that may be told to misbehave. */
export const BEHAVING_ROUTES = ['charges', 'refunds'] as const;

type Env = { Bindings: HttpBindings; Variables: { isAnswerLost: boolean } };

/** What the app serves from. */
export interface PaymentProviderOptions {
  readonly ledger: PaymentLedger;
  /** A registry with `BEHAVING_ROUTES` as its activities. */
  readonly behaviour: Faults;
  /** False: it cannot be told to misbehave. */
  readonly mayMisbehave: boolean;
}

/** The provider's routes. */
export function createPaymentProviderApp(options: PaymentProviderOptions): Hono<Env> {
  const { ledger, behaviour, mayMisbehave } = options;
  const app = new Hono<Env>();
  app.use(guardProvider(refused));
  app.use(bodyLimit({ maxSize: MAX_BODY_BYTES }));
  app.onError((error, c) => {
    if (!(error instanceof BackstepError)) return problem(c, 500, 'failed', error.message);
    const reasons = error.issues.map(({ path, message }) => `${path} ${message}`);
    return problem(c, 422, 'invalid-request', [error.message, ...reasons].join('; '));
  });
  app.notFound((c) => problem(c, 404, 'not-found', 'there is no such route'));

  app.post('/charges', misbehave(behaviour, 'charges'), async (c) => {
    const key = parseKey(c.req.header('idempotency-key'));
    const outcome = await ledger.charge(key, parseCharge(await readJson(c)));
    if (c.get('isAnswerLost')) return loseAnswer(c);
    switch (outcome.kind) {
      case 'charged': {
        const { transactionId, orderId, amountMinor, currency, chargedAtMs } = outcome.charge;
        return c.json({ transactionId, orderId, amountMinor, currency, chargedAtMs });
      }
      case 'fenced':
        return problem(c, 409, 'fenced', 'this key was refunded and can never be charged');
      case 'key-reused':
        return problem(c, 422, 'key-reused', 'this key was used with another body');
    }
  });

  app.post('/refunds', misbehave(behaviour, 'refunds'), async (c) => {
    const key = parseKey(c.req.header('idempotency-key'));
    const outcome = await ledger.refund(key, parseRefund(await readJson(c)));
    if (c.get('isAnswerLost')) return loseAnswer(c);
    switch (outcome.kind) {
      case 'refunded': {
        const { refundId, refundedAtMs, transactionId, chargedAtMs } = outcome.charge;
        return c.json({ refundId, refundedAtMs, charge: { transactionId, chargedAtMs } });
      }
      case 'fenced':
        return c.json({ refundId: null, refundedAtMs: null, charge: null });
      case 'key-reused':
        return problem(c, 422, 'key-reused', 'this key was used with another body');
    }
  });

  app.get('/charges/:key{.+}', (c) => {
    const charge = ledger.find(c.req.param('key'));
    return charge === null
      ? problem(c, 404, 'not-found', 'no charge was made with this key')
      : c.json(charge);
  });
  app.get('/ledger/summary', (c) => c.json(ledger.summary()));
  app.get('/ledger', (c) => {
    const limit = boundedInteger(c.req.query('limit'), MAX_LEDGER_PAGE, 1, MAX_LEDGER_PAGE);
    const after = boundedInteger(c.req.query('after'), 0, 0, Number.MAX_SAFE_INTEGER);
    const items = ledger.page(after, limit);
    return c.json({ items, next: items.length < limit ? null : (items.at(-1)?.id ?? null) });
  });
  app.get('/health', (c) => c.json({ status: 'ok' }));

  if (!mayMisbehave) return app;
  app.get('/behaviour', (c) => c.json({ items: behaviour.list() }));
  app.put('/behaviour', async (c) => {
    const { routes, settings } = parseBehaviour(await readJson(c), BEHAVING_ROUTES);
    return c.json({ items: routes.map((route) => behaviour.set(route, settings)) });
  });
  app.delete('/behaviour', (c) => {
    behaviour.clear();
    return c.body(null, 204);
  });
  return app;
}

/** Delays and fails a request as told, before anything is applied. */
function misbehave(behaviour: Faults, route: string): MiddlewareHandler<Env> {
  return async (c, next) => {
    const injection = behaviour.next(route);
    c.set('isAnswerLost', injection?.mode === 'applied-then-lost');
    // Not aborted when the client leaves: that is how a charge arrives after its own refund.
    if (injection !== null && injection.latencyMs > 0) await delay(injection.latencyMs);
    switch (injection?.mode) {
      case 'error':
        return problem(c, 503, 'unavailable', 'the provider has a bad day');
      case 'permanent':
        return problem(c, 402, 'declined', 'the payment was declined');
      case 'hang':
        await untilClientLeft(c.req.raw.signal);
        return RESPONSE_ALREADY_SENT;
      case 'applied-then-lost':
      case null:
      case undefined:
        return next();
    }
  };
}

function untilClientLeft(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** The effect is durable; its answer is not sent. */
function loseAnswer(c: Context<Env>): Response {
  c.env.outgoing.destroy();
  return RESPONSE_ALREADY_SENT;
}

async function readJson(c: Context<Env>): Promise<unknown> {
  try {
    return await c.req.json();
  } catch (cause) {
    throw new BackstepError('input-invalid', 'the body is not JSON', { cause });
  }
}

function boundedInteger(
  text: string | undefined,
  fallback: number,
  minimum: number,
  maximum: number,
): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (Number.isInteger(value) && value >= minimum && value <= maximum) return value;
  throw new BackstepError('input-invalid', `must be an integer from ${minimum} to ${maximum}`);
}

function refused({ status, code, detail }: Refusal): Response {
  const title = code.replaceAll('-', ' ');
  return Response.json(
    { code, title, status, detail },
    { status, headers: { 'content-type': 'application/problem+json' } },
  );
}

function problem(
  c: Context<Env>,
  status: 402 | 404 | 409 | 422 | 500 | 503,
  code: string,
  detail: string,
): Response {
  const title = code.replaceAll('-', ' ');
  return c.json({ code, title, status, detail }, status, {
    'content-type': 'application/problem+json',
  });
}
