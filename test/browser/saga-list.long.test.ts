/** The list of sagas in a real browser: what stays while it is live, and commands to many. */
import { expect, test } from 'vitest';
import { useDashboard } from './dashboard.ts';
import { orderNamed } from './named-order.ts';

const dashboard = useDashboard();

/** Orders of which none can end by itself: their mail takes longer than any test. */
async function slowOrders(count: number): Promise<readonly string[]> {
  const { site } = dashboard;
  await site.fault('sendConfirmation', { latencyMs: 60_000 });
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const orderId = `slow-${crypto.randomUUID().slice(0, 8)}-${index}`;
      const { body } = await site.order(orderNamed(orderId));
      return body.saga_id;
    }),
  );
}

async function statusOf(id: string): Promise<string> {
  return (await dashboard.site.get<{ status: string }>(`/api/sagas/${id}`)).status;
}

test('what a person opened, typed or ticked stays while the page is live', async () => {
  const ids = await slowOrders(2);
  const page = await dashboard.openLive('/sagas?status=running');
  const row = page.getByRole('row', { name: /slow-\w+-0\b/ });
  await row.getByRole('checkbox').check();
  await page.getByLabel('Reason').fill('half a sen');
  await dashboard.site.call('POST', `/api/sagas/${ids[0]}/commands`, { command: 'cancel' });
  await row.getByText('compensated').waitFor();
  expect(await row.getByRole('checkbox').isChecked()).toBe(true);
  expect(await page.getByLabel('Reason').inputValue()).toBe('half a sen');
  expect(await page.getByText('the one chosen').count()).toBe(1);
});

test('sagas that start later do not push the list about: they wait to be shown', async () => {
  const page = await dashboard.openLive('/sagas');
  const before = await page.locator('tbody tr').count();
  await slowOrders(2);
  const shown = page.getByRole('link', { name: /^\d+ new: show$/ });
  await page.getByRole('link', { name: '2 new: show' }).waitFor();
  expect(await page.locator('tbody tr').count()).toBe(before);
  await shown.click();
  await page.locator('#live-state.is-live').waitFor();
  expect(await page.locator('tbody tr').count()).toBe(before + 2);
});

test('a filter finds what runs, and all of it is cancelled over a frozen list', async () => {
  const ids = await slowOrders(3);
  const page = await dashboard.openLive('/sagas');
  await page.getByLabel('running').check();
  await page.getByLabel('Id, key or error begins with').fill('slow-');
  await page.getByRole('button', { name: 'Filter' }).click();
  await page.locator('#live-state.is-live').waitFor();
  const count = await page.locator('tbody tr').count();
  expect(count).toBeGreaterThanOrEqual(ids.length);
  await page.getByRole('combobox', { name: 'Act on' }).selectOption('matching');
  await page.getByRole('button', { name: 'Cancel…' }).click();
  await page.getByRole('button', { name: `Cancel ${count} sagas` }).click();
  await page.getByText(`${count} ✓ taken`).waitFor();
  for (const id of ids) {
    await expect.poll(() => statusOf(id), { timeout: 15_000 }).toBe('compensated');
  }
  await page
    .locator('#bulk tbody')
    .getByText('compensated')
    .nth(count - 1)
    .waitFor();
});

test('no command goes to no saga: one is ticked, or all that match are meant', async () => {
  await slowOrders(2);
  const page = await dashboard.openLive('/sagas?type=order');
  const cancel = page.getByRole('button', { name: 'Cancel…' });
  expect(await cancel.isDisabled()).toBe(true);
  await page.getByRole('checkbox', { name: 'all on this page' }).check();
  expect(await cancel.isEnabled()).toBe(true);
  await page.getByRole('checkbox', { name: 'all on this page' }).uncheck();
  expect(await cancel.isDisabled()).toBe(true);
  await page.locator('select[name=scope]').selectOption('matching');
  expect(await cancel.isEnabled()).toBe(true);
});
