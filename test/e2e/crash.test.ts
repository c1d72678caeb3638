/** kill -9 of the server and of the provider in the middle of orders, and what is left of them. */
import { describe, expect, test } from 'vitest';
import { childOf } from './processes.ts';
import { expectBooksToAddUp, orderOf, ordersOf, type SagaRow } from './order-books.ts';
import { type OrderBody, serverBelow, type Site, until, siteFor } from './site.ts';

const TEST_LIMIT_MS = 60_000;
const READY = /^Backstep is ready: /;

/** Longer than a restart takes, shorter than the longest retry delay of a payment. */
const LONG_DELAY_MS = 2_800;

interface SagaView {
  readonly id: string;
  readonly seq: number;
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
      const posting = postAll(site, ordersOf(200));
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
      const posting = postAll(site, ordersOf(200));
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

test('a retry delay that was pending at the kill keeps its due time', async ({
  onTestFinished,
}) => {
  const site = await siteFor(onTestFinished);
  await site.provide();
  const server = await site.serve();
  await site.fault('processPayment', { failureRate: 1 });
  const orders = ordersOf(30);
  const ids = (await Promise.all(orders.map((order) => site.order(order)))).map(
    ({ body }) => body.saga_id,
  );
  // Late in the budget the delays are seconds long: one of them will outlast the restart.
  let before: readonly Waiting[] = [];
  await until('a long delay is pending', async () => {
    before = await waitingPayments(site, ids);
    return before.some(({ dueAt }) => Date.parse(dueAt) - Date.now() > LONG_DELAY_MS);
  });
  server.signal('SIGKILL');
  await server.ended;
  const killedAt = new Date().toISOString();
  await site.serve();
  const after = await waitingPayments(site, ids);
  await site.atRest();

  let comparedCount = 0;
  for (const { id, seq, dueAt } of before) {
    const next = (await site.journal(id))[seq];
    // Some went on between the look and the kill; the others were cut off in their delay.
    if (next === undefined || next.at < killedAt) continue;
    expect(next).toMatchObject({ cause: 'timer', to: 'forward.processPayment.running' });
    expect(next.at >= dueAt).toBe(true);
    const again = after.find((waiting) => waiting.id === id);
    if (again === undefined) continue;
    expect(again).toEqual({ id, seq, dueAt });
    comparedCount += 1;
  }
  expect(comparedCount).toBeGreaterThan(0);
  await expectBooksToAddUp(site, orders);
});

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
    ordersOf(200).filter((order) => known.has(order.order_id)),
  );
  // The kill was in the middle: something had been under way and was taken up again.
  const journals = await Promise.all(sagas.map(({ id }) => site.journal(id)));
  expect(journals.flat().filter(({ cause }) => cause === 'interrupted')).not.toEqual([]);
}

/** Those of the sagas whose payment waits for its next attempt. */
async function waitingPayments(site: Site, ids: readonly string[]): Promise<readonly Waiting[]> {
  const sagas = await Promise.all(ids.map((id) => site.get<SagaView>(`/api/sagas/${id}`)));
  return sagas.flatMap(({ id, seq, steps }) => {
    const dueAt = steps.find(({ name }) => name === 'processPayment')?.nextAttemptAt ?? null;
    return dueAt === null ? [] : [{ id, seq, dueAt }];
  });
}
