/**
 * Something to see on every page: orders that completed, were compensated, are being compensated,
 * wait for a person; a bulk command; a fault that is active.
 */
import type { Site } from '../e2e/site.ts';
import { until } from '../e2e/site.ts';

/** Longer than anybody looks. */
const SLOW_MS = 60_000;

/** Fills a fresh site; resolves with the addresses of single sagas and bulk commands to look at. */
export async function fillWithSamples(site: Site): Promise<readonly string[]> {
  await createOrders(site, 10);
  await site.atRest();
  await site.fault('processPayment', { failNext: 2, mode: 'permanent' });
  await createOrders(site, 3);
  await site.atRest();
  await site.fault('refundPayment', { failNext: 2, mode: 'permanent' });
  await site.fault('updateOrder', { failNext: 2, mode: 'permanent' });
  await createOrders(site, 2);
  await until('two sagas need a person', async () => {
    const { items } = await site.get<{ items: readonly unknown[] }>('/api/dead-letters');
    return items.length === 2;
  });
  await site.fault('refundPayment', { latencyMs: SLOW_MS });
  await site.fault('updateOrder', { failNext: 1, mode: 'permanent' });
  await createOrders(site, 1);
  const compensating = await firstSaga(site, 'compensating');
  await site.fault('sendConfirmation', { latencyMs: SLOW_MS });
  await createOrders(site, 1);
  const running = await firstSaga(site, 'running');
  const completed = await firstSaga(site, 'completed');
  const bulk = await site.call<{ id: number }>('POST', '/api/bulk', {
    command: 'retry',
    filter: { status: ['completed'] },
    start: true,
  });
  const question = await site.call<{ id: number }>('POST', '/api/bulk', {
    command: 'cancel',
    filter: { status: ['running'] },
    start: false,
  });
  return [
    `/sagas/${compensating}`,
    `/sagas/${compensating}?view=chart`,
    `/sagas/${running}`,
    `/sagas/${completed}?seq=3`,
    `/bulk/${bulk.body.id}`,
    `/bulk/${question.body.id}`,
  ];
}

async function createOrders({ url }: Site, count: number): Promise<void> {
  const body = new URLSearchParams({ count: String(count) });
  const address = `${url}/saga/actions/order-batch`;
  const response = await fetch(address, { method: 'POST', body, redirect: 'manual' });
  if (response.status !== 303) throw new Error(`orders refused: ${await response.text()}`);
}

async function firstSaga(site: Site, status: string): Promise<string> {
  let id: string | undefined;
  await until(`a saga is ${status}`, async () => {
    const path = `/api/sagas?status=${status}`;
    const { items } = await site.get<{ items: readonly { id: string }[] }>(path);
    id = items[0]?.id;
    return id !== undefined;
  });
  return id ?? '';
}
