/** Orders that nothing disturbs, and orders that are posted more than once. */
import { expect, test } from 'vitest';
import { expectBooksToAddUp, orderOf, ordersOf, readLedger } from './order-books.ts';
import { startSmtpServer } from '../actors/notification/smtp-server.ts';
import { siteFor, until } from './site.ts';

test('a hundred orders complete, and stock, money, ledger and mails add up', async ({
  onTestFinished,
}) => {
  const site = await siteFor(onTestFinished);
  await site.launch();
  const orders = ordersOf(100);
  const answers = await Promise.all(orders.map((order) => site.order(order, '60s')));
  expect(answers.map(({ status, body }) => [status, body.status])).toEqual(
    orders.map(() => [200, 'completed']),
  );
  await site.atRest();
  const books = await expectBooksToAddUp(site, orders);
  expect(books.charges).toHaveLength(100);
  expect(books.mailbox).toHaveLength(100);
});

test('each mail reaches an SMTP server once, also over a stop while they leave', async ({
  onTestFinished,
}) => {
  const site = await siteFor(onTestFinished);
  const smtp = await startSmtpServer();
  const launcher = await site.launch({ SMTP_URL: smtp.url });
  const orders = ordersOf(40);
  await Promise.all(orders.map((order) => site.order(order)));
  await until('half of the mails have left', () => Promise.resolve(smtp.messages.length >= 20));
  launcher.signal('SIGTERM');
  expect(await launcher.ended).toBe(0);
  await site.launch({ SMTP_URL: smtp.url });
  await site.atRest();
  const confirmed = smtp.messages.map(
    (message) => /^Subject: Your order (.*)$/m.exec(message)?.[1],
  );
  expect(confirmed).toHaveLength(orders.length);
  expect(new Set(confirmed)).toEqual(new Set(orders.map((order) => order.order_id)));
});

test('an order is accepted at once and says where it can be looked at', async ({
  onTestFinished,
}) => {
  const site = await siteFor(onTestFinished);
  await site.launch();
  const response = await fetch(`${site.url}/saga/execute`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(orderOf(1)),
  });
  expect(response.status).toBe(202);
  const { saga_id: id } = (await response.json()) as { saga_id: string };
  expect(response.headers.get('location')).toBe(`/saga/status/${id}`);
  expect(await site.order(orderOf(1), '60s')).toEqual({
    status: 200,
    body: { saga_id: id, order_id: 'order-1', status: 'completed' },
  });
  expect(await site.get(`/saga/status/${id}`)).toMatchObject({
    status: 'completed',
    steps: [
      { step_name: 'reserveInventory', status: 'completed', attempts: 1 },
      { step_name: 'processPayment', status: 'completed', attempts: 1 },
      { step_name: 'sendConfirmation', status: 'completed', attempts: 1 },
      { step_name: 'updateOrder', status: 'completed', attempts: 1 },
    ],
  });
});

test('the same order posted fifty times at once is one saga and one charge', async ({
  onTestFinished,
}) => {
  const site = await siteFor(onTestFinished);
  await site.launch();
  const order = orderOf(1);
  const answers = await Promise.all(Array.from({ length: 50 }, () => site.order(order, '60s')));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(new Set(answers.map(({ body }) => body.saga_id)).size).toBe(1);
  await site.atRest();
  await expectBooksToAddUp(site, [order]);
  expect(await readLedger(site)).toHaveLength(1);
});

test('an order under a known id with another body is refused and changes nothing', async ({
  onTestFinished,
}) => {
  const site = await siteFor(onTestFinished);
  await site.launch();
  const order = orderOf(1);
  await site.order(order, '60s');
  for (const change of [{ quantity: 9 }, { amount: '99.00' }, { customer_id: 'somebody else' }]) {
    const refused = await site.call('POST', '/saga/execute', { ...order, ...change });
    expect(refused).toMatchObject({ status: 409, body: { code: 'conflict', status: 409 } });
  }
  // 10.01 as a number is the same amount, so it is the same order.
  expect((await site.order({ ...order, amount: 10.01 })).status).toBe(202);
  await site.atRest();
  await expectBooksToAddUp(site, [order]);
});
