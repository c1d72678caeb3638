/**
 * Answers that a payment provider, or whoever stands in its place, may give: none of them is taken
 * for a charge or a refund, and none for a proof that nothing happened.
 */
import { createServer, type RequestListener } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkOrderInvariants } from '../../../actors/order/order-invariants.ts';
import {
  chargeAtProvider,
  findChargeAtProvider,
  refundAtProvider,
} from '../../../actors/payment/payment-client.ts';
import { MAX_ANSWER_BYTES } from '../../../actors/payment/provider-answer.ts';
import { toFailure } from '../../../src/core/failure.ts';
import { openDemoDatabase } from '../demo-database.ts';

const CHARGE = { orderId: 'o-1', amountMinor: 1_250, currency: 'EUR', method: 'paypal' };
const REFUND = { forwardKey: 'k', orderId: 'o-1', reason: 'test' };
const BOOKED = { transactionId: 'txn-1', chargedAtMs: 1 };
const JSON_TYPE = { 'content-type': 'application/json' };

describe('a redirect', () => {
  it.each([301, 302, 303, 307, 308])('of %i is never followed, and ambiguous', async (status) => {
    let wasReached = false;
    const other = await serve((_, response) => {
      wasReached = true;
      response.writeHead(200, JSON_TYPE).end(JSON.stringify(BOOKED));
    });
    const url = await serve((_, response) => {
      response.writeHead(status, { location: `${other}/charges` }).end();
    });
    for (const ask of [charge, find, refund]) expect(await ask(url)).toEqual(AMBIGUOUS);
    expect(await provided(url)).toBeNull();
    expect(wasReached).toBe(false);
  });
});

describe('an answer that is not as documented is ambiguous:', () => {
  it.each([
    ['no transaction', { chargedAtMs: 1 }],
    ['an empty transaction', { transactionId: '', chargedAtMs: 1 }],
    ['a number for a text', { transactionId: 1, chargedAtMs: 1 }],
    ['no time', { transactionId: 'txn-1' }],
    ['a time that is none', { transactionId: 'txn-1', chargedAtMs: -1.5 }],
    ['a list', [BOOKED]],
    ['nothing', null],
  ])('a charge with %s', async (_, body) => {
    expect(await charge(await serveJson(body))).toEqual(AMBIGUOUS);
  });

  it.each([
    ['without the time of its refund', BOOKED],
    ['with a text for it', { ...BOOKED, refundedAtMs: '1' }],
  ])('a charge that was looked up %s', async (_, body) => {
    expect(await find(await serveJson(body))).toEqual(AMBIGUOUS);
  });

  it.each([
    ['without its id', { refundedAtMs: 1, charge: BOOKED }],
    ['without its time', { refundId: 'ref-1', charge: BOOKED }],
    ['without its charge', { refundId: 'ref-1', refundedAtMs: 1 }],
    ['that is half fenced', { refundId: null, refundedAtMs: 1, charge: BOOKED }],
    ['that is empty', {}],
  ])('a refund %s', async (_, body) => {
    expect(await refund(await serveJson(body))).toEqual(AMBIGUOUS);
  });

  it.each([[{}], [{ 'content-type': 'text/html' }], [{ 'content-type': 'application/jsonp' }]])(
    'one that is JSON and labelled %j',
    async (headers) => {
      const url = await serve((_, response) => {
        response.writeHead(200, headers).end(JSON.stringify({ ...BOOKED, refundedAtMs: null }));
      });
      for (const ask of [charge, find, refund]) expect(await ask(url)).toEqual(AMBIGUOUS);
    },
  );

  it.each([402, 409, 422, 429, 503])('a %i that is not the provider’s own', async (status) => {
    const url = await serve((_, response) => {
      response.writeHead(status, { 'content-type': 'text/html' }).end('<h1>gateway</h1>');
    });
    expect(await charge(url)).toEqual(AMBIGUOUS);
  });
});

it('reads no more of an answer than its bound, whatever its header says of the length', async () => {
  let sent = 0;
  const url = await serve((_, response) => {
    response.writeHead(200, JSON_TYPE);
    const chunk = Buffer.alloc(16 * 1024, ' ');
    const more = (): void => {
      if (response.destroyed || sent > 400 * MAX_ANSWER_BYTES) return void response.end();
      sent += chunk.length;
      if (response.write(chunk)) setImmediate(more);
      else response.once('drain', more);
    };
    more();
  });
  for (const ask of [charge, find, refund]) {
    sent = 0;
    expect(await ask(url)).toEqual(AMBIGUOUS);
    // What was under way in between, beside what was read.
    expect(sent).toBeLessThan(200 * MAX_ANSWER_BYTES);
  }
});

it('takes the provider’s own refusal, and its answers, for what they are', async () => {
  const problem = { code: 'declined', title: 'declined', status: 402, detail: 'no money' };
  const url = await serve((_, response) => {
    response.writeHead(402, { 'content-type': 'application/problem+json; charset=utf-8' });
    response.end(JSON.stringify(problem));
  });
  expect(await charge(url)).toEqual({ code: 'declined', ambiguous: false, retryable: false });
  expect(await charge(await serveJson(BOOKED))).toEqual(BOOKED);
  const fenced = { refundId: null, refundedAtMs: null, charge: null };
  expect(await refund(await serveJson(fenced))).toBeNull();
});

const AMBIGUOUS = { code: 'Error', ambiguous: true, retryable: true };

const charge = (url: string) =>
  outcomeOf(chargeAtProvider(url, 'k', CHARGE, AbortSignal.timeout(20_000)));
const find = (url: string) =>
  outcomeOf(findChargeAtProvider(url, 'k', AbortSignal.timeout(20_000)));
const refund = (url: string) =>
  outcomeOf(refundAtProvider(url, 'k2', REFUND, AbortSignal.timeout(20_000)));

/** What it resolves with, or what its failure means. */
function outcomeOf(asked: Promise<unknown>): Promise<unknown> {
  return asked.catch((error: unknown) => {
    const { code, ambiguous, retryable } = toFailure(error);
    return { code, ambiguous, retryable };
  });
}

/** What is charged by the provider's books, as the invariants read them. */
async function provided(url: string): Promise<number | null | undefined> {
  const { reader } = await openDemoDatabase();
  const invariants = await checkOrderInvariants(reader, url);
  return invariants.find(({ name }) => name === 'charged')?.expected;
}

function serveJson(body: unknown): Promise<string> {
  return serve((_, response) => response.writeHead(200, JSON_TYPE).end(JSON.stringify(body)));
}

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`;
}
