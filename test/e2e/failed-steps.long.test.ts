/** Steps and compensations that fail in every way; the short form is failed-steps.test.ts. */
import { expect, test } from 'vitest';
import { expectBooksToAddUp, orderOf, readBooks } from './order-books.ts';
import { deadLetters, pathOf, PERMANENT, settledOrder, withFailedRefund } from './settled-order.ts';
import { siteFor, type Transition } from './site.ts';

interface SagaView {
  readonly steps: readonly { readonly attempts: number }[];
}

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

test('a retry while the refund still fails leaves one dead letter, not none and not two', async ({
  onTestFinished,
}) => {
  const { site, id } = await withFailedRefund(onTestFinished);
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

/** How long each retry delay lasted, by the journal. */
function waitsMs(journal: readonly Transition[]): readonly number[] {
  return journal.flatMap(({ cause, at }, index) => {
    const before = journal[index - 1];
    return cause === 'timer' && before !== undefined
      ? [Date.parse(at) - Date.parse(before.at)]
      : [];
  });
}
