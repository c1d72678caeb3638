/** Payments nobody knows about: time-outs, lost answers, and charges that arrive too late. */
import { createServer, request, type Server } from 'node:http';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { expectBooksToAddUp, orderOf, ordersOf, readLedger } from './order-books.ts';
import { PATIENCE_MS, type Site, until, siteFor } from './site.ts';

/** Six attempts of two seconds and the delays between them, several at a time. */
const IN_DOUBT_MS = 2 * PATIENCE_MS;

/** All settled orders of these tests ended well or were undone. */
const ENDS = ['completed', 'compensated'];

// They wait for time-outs most of the time, each on a site of its own.
describe.concurrent('a payment in doubt', () => {
  test(
    'that hangs is tried again with the same key, and refunded in the end',
    async ({ onTestFinished }) => {
      const site = await siteFor(onTestFinished);
      await site.provide();
      const deaf = await deafProvider(site);
      try {
        await site.serve({ PAYMENT_PROVIDER_URL: deaf.url });
        await site.fault('findPayment', { failureRate: 1, mode: 'permanent' });
        const { body } = await site.order(orderOf(1), '60s');
        expect(body.status).toBe('compensated');
        const key = `${body.saga_id}/processPayment/forward/1`;
        expect(deaf.chargeKeys).toEqual(Array(6).fill(key));
        // The provider had charged at the first attempt: only the refund makes it good.
        expect(await readLedger(site)).toMatchObject([
          { key, refundId: expect.any(String) as unknown },
        ]);
        const journal = await site.journal(body.saga_id);
        const timeouts = journal.filter(({ event }) => event.includes('processPayment.timeout'));
        expect(timeouts).toHaveLength(6);
        expect(journal.slice(-3)).toMatchObject([
          { to: 'compensating.refundPayment.running', status: 'compensating' },
          { to: 'compensating.releaseInventory.running', status: 'compensating' },
          { to: 'compensated', status: 'compensated' },
        ]);
        await expectBooksToAddUp(site, [orderOf(1)]);
      } finally {
        deaf.server.close();
        deaf.server.closeAllConnections();
      }
    },
    IN_DOUBT_MS,
  );

  test(
    'whose refund fails too is told as maybe done, and never called compensated',
    async ({ onTestFinished }) => {
      const site = await siteFor(onTestFinished);
      await site.launch();
      await site.fault('processPayment', { mode: 'hang' });
      await site.fault('refundPayment', { failureRate: 1, mode: 'permanent' });
      const { body } = await site.order(orderOf(1), '60s');
      expect(body.status).toBe('compensation_failed');
      const letters = await site.all<{ maybe?: unknown }>('/api/dead-letters');
      expect(letters).toHaveLength(1);
      expect(JSON.stringify(letters[0]?.maybe ?? null)).toContain('processPayment');
      expect(await readLedger(site)).toEqual([]);
    },
    IN_DOUBT_MS,
  );

  test(
    'that hangs twice goes on with the third attempt and is charged once',
    async ({ onTestFinished }) => {
      const site = await siteFor(onTestFinished);
      await site.launch();
      await site.callProvider('PUT', '/behaviour', { only: 'charges', failNext: 2, mode: 'hang' });
      const { body } = await site.order(orderOf(1), '60s');
      expect(body.status).toBe('completed');
      expect(await readLedger(site)).toHaveLength(1);
      await site.atRest();
      await expectBooksToAddUp(site, [orderOf(1)]);
    },
    IN_DOUBT_MS,
  );

  test('whose answer is always lost is looked up, and the order completes with one charge', async ({
    onTestFinished,
  }) => {
    const site = await siteFor(onTestFinished);
    await site.launch();
    await site.fault('processPayment', { failureRate: 1, mode: 'applied-then-lost' });
    const { body } = await site.order(orderOf(1), '60s');
    expect(body.status).toBe('completed');
    expect(await readLedger(site)).toMatchObject([{ refundId: null }]);
    await expectBooksToAddUp(site, [orderOf(1)]);
  });

  test('that cannot be looked up either is refunded', async ({ onTestFinished }) => {
    const site = await siteFor(onTestFinished);
    await site.launch();
    await site.fault('processPayment', { failureRate: 1, mode: 'applied-then-lost' });
    await site.fault('findPayment', { failureRate: 1, mode: 'permanent' });
    const { body } = await site.order(orderOf(1), '60s');
    expect(body.status).toBe('compensated');
    expect(await readLedger(site)).toMatchObject([{ refundId: expect.any(String) as unknown }]);
    await expectBooksToAddUp(site, [orderOf(1)]);
  });

  test('leaves at most one charge per order when our faults lose answers', async ({
    onTestFinished,
  }) => {
    const site = await siteFor(onTestFinished);
    await site.launch();
    await site.fault('processPayment', { failureRate: 0.5, mode: 'applied-then-lost', seed: 7 });
    await expectAllSettled(site);
  });

  test('leaves at most one charge per order when the provider loses answers', async ({
    onTestFinished,
  }) => {
    const site = await siteFor(onTestFinished);
    await site.launch();
    const behaviour = { only: 'charges', failureRate: 0.5, mode: 'applied-then-lost', seed: 11 };
    expect((await site.callProvider('PUT', '/behaviour', behaviour)).status).toBe(200);
    await expectAllSettled(site);
  });

  test('leaves nothing paid for an order undone when refunds lose their answers too', async ({
    onTestFinished,
  }) => {
    const site = await siteFor(onTestFinished);
    await site.launch();
    await site.fault('updateOrder', { failureRate: 0.5, mode: 'permanent', seed: 3 });
    const behaviour = { failureRate: 0.3, mode: 'applied-then-lost', seed: 5 };
    expect((await site.callProvider('PUT', '/behaviour', behaviour)).status).toBe(200);
    await expectAllSettled(site);
  });

  test('that arrives after its own refund is refused', async ({ onTestFinished }) => {
    const site = await siteFor(onTestFinished);
    await site.launch();
    await site.callProvider('PUT', '/behaviour', { only: 'charges', latencyMs: 1_500 });
    const order = orderOf(1);
    const id = (await site.order(order)).body.saga_id;
    await until('the charge is under way', async () => (await chargeCalls(site)) === 1);
    const command = { command: 'cancel', reason: 'the customer changed their mind' };
    expect((await site.call('POST', `/api/sagas/${id}/commands`, command)).status).toBe(202);
    expect((await site.order(order, '60s')).body.status).toBe('compensated');

    // A second copy of the same charge, sent after the first: when it is answered, so was the first.
    const copy = await fetch(`${site.providerUrl}/charges`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'idempotency-key': `${id}/processPayment/forward/1`,
      },
      body: JSON.stringify({
        orderId: order.order_id,
        amountMinor: 1_001,
        currency: 'EUR',
        method: order.payment_method,
      }),
    });
    expect(copy.status).toBe(409);
    expect(await copy.json()).toMatchObject({ code: 'fenced' });
    expect(await readLedger(site)).toEqual([]);
    await expectBooksToAddUp(site, [order]);
  });
});

async function expectAllSettled(site: Site): Promise<void> {
  const orders = ordersOf(20);
  const answers = await Promise.all(orders.map((order) => site.order(order, '60s')));
  for (const { body } of answers) expect(ENDS).toContain(body.status);
  await site.atRest();
  const { charges } = await expectBooksToAddUp(site, orders);
  // One key per order, so one line in the ledger at most.
  expect(new Set(charges.map(({ orderId }) => orderId)).size).toBe(charges.length);
}

async function chargeCalls(site: Site): Promise<number> {
  type Behaviour = { items: readonly { activity: string; calls: number }[] };
  const { body } = await site.callProvider<Behaviour>('GET', '/behaviour');
  return body.items.find(({ activity }) => activity === 'charges')?.calls ?? 0;
}

interface DeafProvider {
  readonly url: string;
  readonly server: Server;
  /** Idempotency keys of the charges, in order of arrival. */
  readonly chargeKeys: readonly string[];
}

/** Stands before the provider: passes everything on, and never answers a charge. */
async function deafProvider(site: Site): Promise<DeafProvider> {
  const chargeKeys: string[] = [];
  const server = createServer((incoming, answer) => {
    const { method = 'GET', url = '/', headers } = incoming;
    const isCharge = method === 'POST' && url === '/charges';
    if (isCharge) chargeKeys.push(String(headers['idempotency-key']));
    const passedOn = request(`${site.providerUrl}${url}`, { method, headers }, (response) => {
      if (isCharge) {
        response.resume();
        return;
      }
      answer.writeHead(response.statusCode ?? 500, response.headers);
      response.pipe(answer);
    });
    passedOn.on('error', () => answer.destroy());
    incoming.pipe(passedOn);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  return { url: `http://127.0.0.1:${port}`, server, chargeKeys };
}
