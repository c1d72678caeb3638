/** What an operator does, in a real browser: retry what failed, and cancel by keyboard alone. */
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { useDashboard } from './dashboard.ts';
import { orderNamed } from './named-order.ts';

const dashboard = useDashboard();

async function statusOf(id: string): Promise<string> {
  return (await dashboard.site.get<{ status: string }>(`/api/sagas/${id}`)).status;
}

/** An order whose last step and refund fail for good: it ends as a dead letter. */
async function failedRefund(orderId: string): Promise<string> {
  const { site } = dashboard;
  await site.fault('refundPayment', { failNext: 1, mode: 'permanent' });
  await site.fault('updateOrder', { failNext: 1, mode: 'permanent' });
  const { body } = await site.order(orderNamed(orderId), '20s');
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
