/** kill -9 of the server in the middle of orders, and what is left of them. */
import { expect, test } from 'vitest';
import { disturb, expectAllThere, ORDERS, postAll } from './killed-orders.ts';
import { expectBooksToAddUp, orderOf, ordersOf } from './order-books.ts';
import { serverBelow, siteFor } from './site.ts';

const TEST_LIMIT_MS = 60_000;
const READY = /^Backstep is ready: /;

test(
  'a server killed in the middle of two hundred orders is started again by the launcher, and every accepted order reaches its end',
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
