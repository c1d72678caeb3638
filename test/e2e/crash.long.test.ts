/** kill -9 of server, provider and launcher in the middle of orders, and what is left of them. */
import { expect, test } from 'vitest';
import { disturb, expectAllThere, ORDERS, postAll } from './killed-orders.ts';
import { expectBooksToAddUp, ordersOf } from './order-books.ts';
import { childOf } from './processes.ts';
import { serverBelow, type Site, siteFor, until } from './site.ts';

const TEST_LIMIT_MS = 60_000;
const READY = /^Backstep is ready: /;

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

test(
  'a server killed in the middle of two hundred orders, and the provider and the launcher with it, goes on when everything is started anew',
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
