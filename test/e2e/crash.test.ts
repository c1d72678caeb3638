/** kill -9 of the server and of the provider in the middle of orders, and what is left of them. */
import { describe, expect, test } from 'vitest';
import { childOf } from './processes.ts';
import { expectBooksToAddUp, orderOf, ordersOf, type SagaRow } from './order-books.ts';
import { type OrderBody, serverBelow, type Site, until, siteFor } from './site.ts';

const TEST_LIMIT_MS = 60_000;
const READY = /^Backstep is ready: /;

/** So many that the kill finds some of them under way on a busy machine too. */
const ORDERS = 200;

/** Longer than a restart takes, even of a busy machine. */
const LONG_DELAY_MS = 5_000;

interface SagaView {
  readonly id: string;
  readonly seq: number;
  readonly status: string;
  readonly steps: readonly { readonly name: string; readonly nextAttemptAt: string | null }[];
}

interface Waiting {
  readonly id: string;
  readonly seq: number;
  readonly dueAt: string;
}

describe('a server killed in the middle of two hundred orders', () => {
  test(
    'is started again by the launcher, and every accepted order reaches its end',
    async ({ onTestFinished }) => {
      const site = await siteFor(onTestFinished);
      const launcher = await site.launch();
      await disturb(site);
      const posting = postAll(site, ordersOf(ORDERS));
      await site.seen(({ to }) => to === 'forward.sendConfirmation.running');
      process.kill(serverBelow(launcher), 'SIGKILL');
      const accepted = await posting;
      await launcher.line(READY, 2);
      expect(accepted.length).toBeGreaterThan(0);
      await site.atRest();
      await expectAllThere(site, accepted);
    },
    TEST_LIMIT_MS,
  );

  test(
    'and the provider and the launcher with it goes on when everything is started anew',
    async ({ onTestFinished }) => {
      const site = await siteFor(onTestFinished);
      const launcher = await site.launch();
      await disturb(site);
      const posting = postAll(site, ordersOf(ORDERS));
      await site.seen(({ to }) => to === 'forward.sendConfirmation.running');
      const [server, provider] = [serverBelow(launcher), childOf(launcher.pid, 'provider')];
      for (const pid of [launcher.pid, server, provider]) process.kill(pid, 'SIGKILL');
      const accepted = await posting;
      await launcher.ended;
      await site.launch();
      expect(accepted.length).toBeGreaterThan(0);
      await site.atRest();
      await expectAllThere(site, accepted);
    },
    TEST_LIMIT_MS,
  );
});

test(
  'a retry delay that was pending at the kill keeps its due time',
  async ({ onTestFinished }) => {
    const site = await siteFor(onTestFinished);
    await site.provide();
    const server = await site.serve();
    // After the pivot the delays grow up to minutes: some outlast any restart.
    await site.fault('sendWelcome', { failureRate: 1 });
    const ids = await Promise.all([1, 2, 3, 4, 5, 6].map((customer) => approved(site, customer)));
    let before: readonly Waiting[] = [];
    await until('a long delay is pending', async () => {
      before = await waitingWelcomes(site, ids);
      return before.some(({ dueAt }) => Date.parse(dueAt) - Date.now() > LONG_DELAY_MS);
    });
    server.signal('SIGKILL');
    await server.ended;
    const killedAt = new Date().toISOString();
    await site.serve();
    const after = await waitingWelcomes(site, ids);
    // The faults went with the process: the next attempt succeeds.
    const views = () => Promise.all(ids.map((id) => site.get<SagaView>(`/api/sagas/${id}`)));
    await until('all are welcomed', async () =>
      (await views()).every(({ status }) => status === 'completed'),
    );

    let comparedCount = 0;
    for (const { id, seq, dueAt } of before) {
      const next = (await site.journal(id))[seq];
      // Some went on between the look and the kill; the others were cut off in their delay.
      if (next === undefined || next.at < killedAt) continue;
      expect(next).toMatchObject({ cause: 'timer', to: 'finishing.sendWelcome.running' });
      expect(next.at >= dueAt).toBe(true);
      const again = after.find((waiting) => waiting.id === id);
      if (again === undefined) continue;
      expect(again).toMatchObject({ id, seq, dueAt });
      comparedCount += 1;
    }
    expect(comparedCount).toBeGreaterThan(0);
  },
  TEST_LIMIT_MS,
);

test('a provider killed in the middle of orders comes back, and they complete', async ({
  onTestFinished,
}) => {
  const site = await siteFor(onTestFinished);
  const launcher = await site.launch();
  await site.callProvider('PUT', '/behaviour', { only: 'charges', latencyMs: 200 });
  const orders = ordersOf(60);
  const posting = Promise.all(orders.map((order) => site.order(order, '60s')));
  await site.seen(({ to }) => to === 'forward.processPayment.running');
  process.kill(childOf(launcher.pid, 'provider'), 'SIGKILL');
  const answers = await posting;
  expect(answers.map(({ body }) => body.status)).toEqual(orders.map(() => 'completed'));
  await site.atRest();
  const { charges } = await expectBooksToAddUp(site, orders);
  expect(charges).toHaveLength(60);
  expect(launcher.err.filter((line) => line.includes('the payment provider ended'))).toHaveLength(
    1,
  );
});

test('orders wait while the provider is away and complete when it is back', async ({
  onTestFinished,
}) => {
  const site = await siteFor(onTestFinished);
  const provider = await site.provide();
  await site.serve();
  provider.signal('SIGKILL');
  await provider.ended;
  const { saga_id: id } = (await site.order(orderOf(1))).body;
  await site.seen(({ saga, to }) => saga === id && to === 'forward.processPayment.retrying');
  expect(await site.get(`/saga/status/${id}`)).toMatchObject({ status: 'running' });
  await site.provide();
  expect((await site.order(orderOf(1), '60s')).body.status).toBe('completed');
  await site.atRest();
  await expectBooksToAddUp(site, [orderOf(1)]);
});

test('the crash switch ends the server at once, and the launcher brings the orders to their end', async ({
  onTestFinished,
}) => {
  const site = await siteFor(onTestFinished);
  const launcher = await site.launch();
  const orders = ordersOf(20);
  await site.fault('processPayment', { latencyMs: 300 });
  await Promise.all(orders.map((order) => site.order(order)));
  await site.seen(({ to }) => to === 'forward.processPayment.running');
  await expect(site.call('POST', '/api/faults/crash')).rejects.toThrow('fetch failed');
  await launcher.line(READY, 2);
  await site.atRest();
  const { sagas } = await expectBooksToAddUp(site, orders);
  expect(sagas.map(({ status }) => status)).toEqual(orders.map(() => 'completed'));
});

/** Makes orders take a while and take every path, so that a kill finds them everywhere. */
async function disturb(site: Site): Promise<void> {
  await site.callProvider('PUT', '/behaviour', { latencyMs: 30 });
  await site.fault('reserveInventory', { failureRate: 0.2, seed: 1 });
  await site.fault('processPayment', { failureRate: 0.2, mode: 'applied-then-lost', seed: 2 });
  await site.fault('updateOrder', { failureRate: 0.2, mode: 'permanent', seed: 3 });
}

/** Posts all at once; gives those that were accepted before the server was gone. */
async function postAll(site: Site, orders: readonly OrderBody[]): Promise<readonly OrderBody[]> {
  const outcomes = await Promise.all(
    orders.map((order) =>
      site.order(order).then(
        ({ status }) => status,
        () => 0, // the server died: accepted or not, nobody was told
      ),
    ),
  );
  for (const status of outcomes) expect([0, 202]).toContain(status);
  return orders.filter((_, index) => outcomes[index] === 202);
}

/** Orders whose answer was lost may be there too; all that are there must add up. */
async function expectAllThere(site: Site, accepted: readonly OrderBody[]): Promise<void> {
  const sagas = await site.all<SagaRow>('/saga/all');
  const known = new Set(sagas.map((saga) => saga.order_id));
  expect(accepted.filter((order) => !known.has(order.order_id))).toEqual([]);
  await expectBooksToAddUp(
    site,
    ordersOf(ORDERS).filter((order) => known.has(order.order_id)),
  );
  // The kill was in the middle: something had been under way and was taken up again.
  const journals = await Promise.all(sagas.map(({ id }) => site.journal(id)));
  expect(journals.flat().filter(({ cause }) => cause === 'interrupted')).not.toEqual([]);
}

/** Starts an onboarding and approves it at once: the event waits for its turn. */
async function approved(site: Site, customer: number): Promise<string> {
  const input = {
    customerId: `c-${customer}`,
    name: 'Ada Example',
    email: 'ada@example.org',
    accounts: ['current'],
  };
  const { body } = await site.call<{ id: string }>('POST', '/api/sagas/onboarding', { input });
  const event = { type: 'approve', id: 'approve-1' };
  expect((await site.call('POST', `/api/sagas/${body.id}/events`, event)).status).toBe(202);
  return body.id;
}

/** Those of the sagas whose welcome waits for its next attempt. */
async function waitingWelcomes(site: Site, ids: readonly string[]): Promise<readonly Waiting[]> {
  const sagas = await Promise.all(ids.map((id) => site.get<SagaView>(`/api/sagas/${id}`)));
  return sagas.flatMap(({ id, seq, steps }) => {
    const dueAt = steps.find(({ name }) => name === 'sendWelcome')?.nextAttemptAt ?? null;
    return dueAt === null ? [] : [{ id, seq, dueAt }];
  });
}
