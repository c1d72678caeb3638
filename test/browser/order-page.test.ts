/** The order page in a real browser: an order completes, another one is compensated, live. */
import { expect, test } from 'vitest';
import { useDashboard } from './dashboard.ts';

const dashboard = useDashboard();

test('an order is placed and completes while one watches', async () => {
  const page = await dashboard.openLive('/saga');
  const orderId = await page.getByLabel('Order id').inputValue();
  await page.getByRole('button', { name: 'Place order' }).click();
  await page.getByText(`Order ${orderId} is accepted`).waitFor();
  await page.locator('#saga-detail').getByText('All steps are done.').waitFor();
  const row = page.locator('#saga-rows tr', { hasText: orderId });
  await row.getByText('completed').waitFor();
  const notification = page.locator('#notifications tr', { hasText: orderId });
  await notification.getByText('sent').waitFor();
  expect(await page.getByLabel('Order id').inputValue()).not.toBe(orderId);
});

test('a payment that fails for good is seen being compensated', async () => {
  const page = await dashboard.openLive('/saga');
  await page.getByRole('button', { name: 'Payment declined' }).click();
  await page.locator('#faults-active').getByText('processPayment').waitFor();
  const orderId = await page.getByLabel('Order id').inputValue();
  await page.getByRole('button', { name: 'Place order' }).click();
  await page.locator('#saga-detail').getByText('What was done is compensated.').waitFor();
  await page.locator('#saga-rows tr', { hasText: orderId }).getByText('compensated').waitFor();
  expect(await page.locator('#payments tr', { hasText: orderId }).count()).toBe(0);
});

test('what the policy refuses is noticed, so that no page can break it unseen', async () => {
  const page = await dashboard.open('/saga');
  await page
    .evaluate(
      `
    const script = document.createElement('script');
    script.textContent = 'document.title = "broken"';
    document.body.append(script);
    throw new Error('thrown by the page');
  `,
    )
    .catch(() => {});
  expect(await page.title()).toBe('Orders – Backstep');
  expect(dashboard.takeProblems()).toEqual([expect.stringContaining('Content Security Policy')]);
});
