/** Orders that a kill strikes in the middle: under way everywhere, then counted one by one. */
import { expect } from 'vitest';
import { expectBooksToAddUp, ordersOf, type SagaRow } from './order-books.ts';
import type { OrderBody, Site } from './site.ts';

/** So many that the kill finds some of them under way on a busy machine too. */
export const ORDERS = 200;

/** Makes orders take a while and take every path, so that a kill finds them everywhere. */
export async function disturb(site: Site): Promise<void> {
  await site.callProvider('PUT', '/behaviour', { latencyMs: 30 });
  await site.fault('reserveInventory', { failureRate: 0.2, seed: 1 });
  await site.fault('processPayment', { failureRate: 0.2, mode: 'applied-then-lost', seed: 2 });
  await site.fault('updateOrder', { failureRate: 0.2, mode: 'permanent', seed: 3 });
}

/** Posts all at once; gives those that were accepted before the server was gone. */
export async function postAll(
  site: Site,
  orders: readonly OrderBody[],
): Promise<readonly OrderBody[]> {
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
export async function expectAllThere(site: Site, accepted: readonly OrderBody[]): Promise<void> {
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
