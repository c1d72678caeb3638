/** Steps and compensations that fail: what is undone, in which order, and what is told. */
import { expect, test } from 'vitest';
import { expectBooksToAddUp, orderOf, readBooks, readLedger } from './order-books.ts';
import { type Site, type Transition, siteFor } from './site.ts';

const PERMANENT = { failureRate: 1, mode: 'permanent' };

interface SagaView {
  readonly status: string;
  readonly compensationOutcome: string | null;
  readonly failureReason: { readonly code: string } | null;
  readonly legalCommands: readonly string[];
  readonly steps: readonly {
    readonly name: string;
    readonly status: string;
    readonly attempts: number;
    readonly compensation: { readonly name: string; readonly attempts: number } | null;
  }[];
}

interface Letter {
  readonly sagaId: string;
  readonly status: string;
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

test('an order update that fails for good undoes mail, payment and stock in that order', async ({
  onTestFinished,
}) => {
  const site = await siteFor(onTestFinished);
  await site.launch();
  await site.fault('updateOrder', PERMANENT);
  const id = await settledOrder(site, 'compensated');
  expect(pathOf(await site.journal(id))).toEqual([
    'forward.reserveInventory.running',
    'forward.processPayment.running',
    'forward.sendConfirmation.running',
    'forward.updateOrder.running',
    'compensating.cancelConfirmation.running',
    'compensating.refundPayment.running',
    'compensating.releaseInventory.running',
    'compensated',
  ]);
  const books = await expectBooksToAddUp(site, [orderOf(1)]);
  expect(books.notifications.map(({ status }) => status)).toEqual(['cancelled']);
  expect(books.payments.map(({ status }) => status)).toEqual(['refunded']);
  expect(books.charges.map(({ refundId }) => refundId === null)).toEqual([false]);
});

test('a step that fails twice waits twice, longer each time, and the order completes', async ({
  onTestFinished,
}) => {
  const site = await siteFor(onTestFinished);
  await site.launch();
  await site.fault('processPayment', { failNext: 2 });
  const id = await settledOrder(site, 'completed');
  const journal = await site.journal(id);
  expect(pathOf(journal)).toEqual([
    'forward.reserveInventory.running',
    'forward.processPayment.running',
    'forward.processPayment.retrying',
    'forward.processPayment.running',
    'forward.processPayment.retrying',
    'forward.processPayment.running',
    'forward.sendConfirmation.running',
    'forward.updateOrder.running',
    'completed',
  ]);
  const [first = 0, second = 0] = waitsMs(journal);
  // Half of the delay is jitter: 200 ms is 100 to 200, 400 ms is 200 to 400. None is early.
  expect(first).toBeGreaterThanOrEqual(100);
  expect(second).toBeGreaterThanOrEqual(200);
  expect((await site.get<SagaView>(`/api/sagas/${id}`)).steps[1]).toMatchObject({ attempts: 3 });
  await site.atRest();
  await expectBooksToAddUp(site, [orderOf(1)]);
});

test('a refund that fails for good is never called compensated, until a person retries it', async ({
  onTestFinished,
}) => {
  const site = await siteFor(onTestFinished);
  await site.launch();
  await site.fault('updateOrder', PERMANENT);
  await site.fault('refundPayment', PERMANENT);
  const id = await settledOrder(site, 'compensation_failed');

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

test('a retry while the refund still fails leaves one dead letter, not none and not two', async ({
  onTestFinished,
}) => {
  const site = await siteFor(onTestFinished);
  await site.launch();
  await site.fault('updateOrder', PERMANENT);
  await site.fault('refundPayment', PERMANENT);
  const id = await settledOrder(site, 'compensation_failed');
  const { length } = await site.journal(id);
  await site.call('POST', `/api/sagas/${id}/commands`, { command: 'retry' });
  await site.seen(
    ({ saga, seq, status }) => saga === id && seq > length + 1 && status === 'compensation_failed',
  );
  expect((await deadLetters(site)).map(({ sagaId }) => sagaId)).toEqual([id]);
  const { charges, sagas } = await readBooks(site);
  expect(sagas.map(({ status }) => status)).toEqual(['compensation_failed']);
  expect(charges).toHaveLength(1);
});

/** Posts order 1, or asks for it again, and expects how it settles. */
async function settledOrder(site: Site, status: string): Promise<string> {
  const { body } = await site.order(orderOf(1), '60s');
  expect(body.status).toBe(status);
  return body.saga_id;
}

function deadLetters(site: Site): Promise<readonly Letter[]> {
  return site.all('/api/dead-letters');
}

function pathOf(journal: readonly Transition[]): readonly string[] {
  return journal.map(({ to }) => to);
}

/** How long each retry delay lasted, by the journal. */
function waitsMs(journal: readonly Transition[]): readonly number[] {
  return journal.flatMap(({ cause, at }, index) => {
    const before = journal[index - 1];
    return cause === 'timer' && before !== undefined
      ? [Date.parse(at) - Date.parse(before.at)]
      : [];
  });
}
