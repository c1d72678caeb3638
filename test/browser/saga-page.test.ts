/** The page of one saga in a real browser: compensation lights up, and time goes back. */
import { expect, test } from 'vitest';
import { useDashboard } from './dashboard.ts';
import { orderNamed, pausedOrder } from './named-order.ts';

const dashboard = useDashboard();

async function placedOrder(orderId: string): Promise<string> {
  return (await dashboard.site.order(orderNamed(orderId))).body.saga_id;
}

test('a payment that fails for good lights the compensation up while one watches', async () => {
  const { site } = dashboard;
  await site.fault('processPayment', { failNext: 1, mode: 'permanent' });
  await site.fault('reserveInventory', { latencyMs: 1_500 });
  await site.fault('releaseInventory', { latencyMs: 1_500 });
  const { id, goOn } = await pausedOrder(site, 'lights-up');
  const page = await dashboard.openLive(`/sagas/${id}`);
  await goOn();
  const head = page.locator('#saga-head');
  await head.getByText('running').first().waitFor();
  await head.getByText('compensating').first().waitFor();
  const rail = page.locator('#saga-rail');
  await rail.getByText('releaseInventory').first().waitFor();
  await head.getByText('compensated').first().waitFor();
  expect(await rail.textContent()).toContain('compensated');
});

test('time travel shows a turn as it was, and the way back', async () => {
  await dashboard.site.fault('processPayment', { failNext: 1, mode: 'permanent' });
  const id = await placedOrder('time-travel');
  const statusOf = async (): Promise<string> =>
    (await dashboard.site.get<{ status: string }>(`/api/sagas/${id}`)).status;
  await expect.poll(statusOf, { timeout: 15_000 }).toBe('compensated');
  const turns = await dashboard.site.journal(id);
  const page = await dashboard.openLive(`/sagas/${id}`);
  await page.getByRole('link', { name: '← Previous' }).click();
  expect(new URL(page.url()).searchParams.get('seq')).toBe(String(turns.length - 1));
  await page.locator('#saga-head').getByText('compensating').first().waitFor();
  await page.goto(`/sagas/${id}?seq=1`);
  expect(await page.locator('#saga-head').textContent()).toContain('running');
  expect(await page.locator('#saga-actions').textContent()).toContain('You look at a past turn');
  await page.getByRole('slider').fill(String(turns.length - 1));
  await page.waitForURL((url) => url.searchParams.get('seq') === String(turns.length - 1));
  await page.getByRole('link', { name: 'Back to now' }).click();
  await page.locator('#live-state.is-live').waitFor();
  await page.locator('#saga-head').getByText('compensated').first().waitFor();
});
