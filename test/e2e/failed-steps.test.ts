/** Steps and compensations that fail: what is undone, and what is told. */
import { expect, test } from 'vitest';
import { expectBooksToAddUp, orderOf, readLedger } from './order-books.ts';
import { deadLetters, pathOf, PERMANENT, settledOrder, withFailedRefund } from './settled-order.ts';
import { siteFor } from './site.ts';

interface SagaView {
  readonly legalCommands: readonly string[];
  readonly steps: readonly { readonly name: string; readonly status: string }[];
}

test('a payment that fails for good releases the stock and sends no mail', async ({
  onTestFinished,
}) => {
  const site = await siteFor(onTestFinished);
  await site.launch();
  await site.fault('processPayment', PERMANENT);
  const id = await settledOrder(site, 'compensated');

  const journal = await site.journal(id);
  expect(pathOf(journal)).toEqual([
    'forward.reserveInventory.running',
    'forward.processPayment.running',
    'compensating.releaseInventory.running',
    'compensated',
  ]);
  expect(journal.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
  expect(journal.map(({ status }) => status)).toEqual([
    'running',
    'running',
    'compensating',
    'compensated',
  ]);
  const books = await expectBooksToAddUp(site, [orderOf(1)]);
  expect(books.notifications).toEqual([]);
  expect(books.mailbox).toEqual([]);
  expect(books.charges).toEqual([]);
  expect(books.orders).toEqual([]);
  expect(books.products.map((product) => product.on_hand)).toEqual(Array(6).fill(10_000));
  expect(await site.get(`/saga/status/${id}`)).toMatchObject({
    status: 'compensated',
    failure_reason: { code: 'injected-permanent' },
    steps: [
      { step_name: 'reserveInventory', status: 'compensated' },
      { step_name: 'processPayment', status: 'failed' },
      { step_name: 'sendConfirmation', status: 'skipped' },
      { step_name: 'updateOrder', status: 'skipped' },
    ],
  });
});

test('a refund that fails for good is never called compensated, until a person retries it', async ({
  onTestFinished,
}) => {
  const { site, id } = await withFailedRefund(onTestFinished);

  const failed = await site.get<SagaView>(`/api/sagas/${id}`);
  expect(failed.legalCommands).toContain('retry');
  expect(failed.steps.map(({ name, status }) => [name, status])).toEqual([
    ['reserveInventory', 'completed'],
    ['processPayment', 'compensation_failed'],
    ['sendConfirmation', 'compensated'],
    ['updateOrder', 'failed'],
  ]);
  const [letter] = await deadLetters(site);
  // What is not undone is said, in the order in which it would be: money first, then stock.
  expect(letter).toMatchObject({
    sagaId: id,
    status: 'compensation_failed',
    done: ['reserveInventory', 'processPayment'],
    maybe: [],
    compensated: ['sendConfirmation'],
    outstanding: ['processPayment', 'reserveInventory'],
    error: { code: 'injected-permanent' },
  });
  expect((await readLedger(site)).map(({ refundId }) => refundId)).toEqual([null]);
  const journal = await site.journal(id);
  expect(journal.map(({ status }) => status)).not.toContain('compensated');

  await site.clearFaults();
  const command = { command: 'retry', reason: 'the provider works again' };
  expect((await site.call('POST', `/api/sagas/${id}/commands`, command)).status).toBe(202);
  await settledOrder(site, 'compensated');
  expect(await deadLetters(site)).toEqual([]);
  const whole = await site.journal(id);
  expect(whole.slice(journal.length)).toMatchObject([
    { cause: 'command', event: 'backstep.retry', to: 'compensating.refundPayment.running' },
    { cause: 'result', to: 'compensating.releaseInventory.running' },
    { cause: 'result', to: 'compensated' },
  ]);
  await expectBooksToAddUp(site, [orderOf(1)]);
});
