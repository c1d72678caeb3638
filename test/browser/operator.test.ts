/** What an operator does, in a real browser: find, retry, cancel many, by keyboard alone. */
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { useDashboard } from './dashboard.ts';

const dashboard = useDashboard();

const ORDER = {
  customer_id: 'c-1',
  customer_email: 'ada@example.com',
  product_id: 'laptop',
  quantity: 1,
  amount: '12.50',
  payment_method: 'paypal',
};

/** Orders of which none can end by itself: their mail takes longer than any test. */
async function slowOrders(count: number): Promise<readonly string[]> {
  const { site } = dashboard;
  await site.fault('sendConfirmation', { latencyMs: 60_000 });
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const orderId = `slow-${crypto.randomUUID().slice(0, 8)}-${index}`;
      const { body } = await site.order({ ...ORDER, order_id: orderId });
      return body.saga_id;
    }),
  );
}

async function statusOf(id: string): Promise<string> {
  return (await dashboard.site.get<{ status: string }>(`/api/sagas/${id}`)).status;
}

/** An order whose last step and refund fail for good: it ends as a dead letter. */
async function failedRefund(orderId: string): Promise<string> {
  const { site } = dashboard;
  await site.fault('refundPayment', { failNext: 1, mode: 'permanent' });
  await site.fault('updateOrder', { failNext: 1, mode: 'permanent' });
  const { body } = await site.order({ ...ORDER, order_id: orderId }, '20s');
  expect(body.status).toBe('compensation_failed');
  return body.saga_id;
}

test('a refund that failed is tried again from the dead letters, and the letter goes', async () => {
  const page = await dashboard.openLive('/dead-letters');
  await page.getByText('Nothing waits for a decision.').waitFor();
  const first = await failedRefund('refund-fails-1');
  const letter = page.locator('.letter', { hasText: 'refund-fails-1' });
  await letter.getByText('processPayment, reserveInventory').first().waitFor();
  await letter.getByText('All decisions').click();
  const decision = letter.getByRole('button', { name: 'Terminate without compensating' });
  await decision.waitFor();
  // Another letter comes while the first one is being read: what was opened stays open.
  const second = await failedRefund('refund-fails-2');
  await page.locator('.letter', { hasText: 'refund-fails-2' }).waitFor();
  expect(await decision.isVisible()).toBe(true);
  await letter.getByRole('button', { name: 'Retry', exact: true }).first().click();
  await page.locator('#action-result').getByText('retry was taken').waitFor();
  await letter.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Retry it…' }).first().click();
  await page.getByRole('button', { name: 'Retry 1 saga' }).click();
  await page.getByText('1 ✓ taken').waitFor();
  for (const id of [first, second]) {
    await expect.poll(() => statusOf(id), { timeout: 10_000 }).toBe('compensated');
  }
});

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

test('an order is created, found and cancelled by keyboard alone', async () => {
  await dashboard.site.fault('sendConfirmation', { latencyMs: 60_000 });
  const page = await dashboard.openLive('/');
  await tabTo(page, 'Create an order');
  await page.keyboard.press('Enter');
  await page.getByText('An order is on the way').waitFor();
  await tabTo(page, 'see the sagas');
  await page.keyboard.press('Enter');
  await page.locator('#live-state.is-live').waitFor();
  const first = page.locator('tbody tr').first();
  await first.getByText('running').waitFor();
  const name = (await first.getByRole('link').textContent()) ?? '';
  await tabTo(page, `Choose ${name}`);
  await page.keyboard.press('Space');
  await tabTo(page, 'Cancel…', 'Shift+Tab');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Cancel 1 saga' }).waitFor();
  await tabTo(page, 'Cancel 1 saga');
  await page.keyboard.press('Enter');
  await page.locator('#bulk tbody').getByText('compensated').waitFor();
  expect(await page.locator('#bulk tbody').getByRole('link').textContent()).toBe(name);
});

/** Presses a key until the element with that name has the focus. */
async function tabTo(page: Page, name: string, key = 'Tab'): Promise<void> {
  const focused = `(() => {
    const { ariaLabel, textContent } = document.activeElement;
    return (ariaLabel ?? textContent).replace(/\\s+/g, ' ').trim();
  })()`;
  const seen: unknown[] = [];
  for (let press = 0; press < 100; press += 1) {
    await page.keyboard.press(key);
    const found = await page.evaluate(focused);
    if (found === name) return;
    seen.push(found);
  }
  throw new Error(`no focus on ${name}, but on ${seen.join(', ')}`);
}

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
