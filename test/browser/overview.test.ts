/** The overview and the services in a real browser, live. */
import { expect, test } from 'vitest';
import { useDashboard } from './dashboard.ts';

const dashboard = useDashboard();

test('orders are created from the overview and counted while one watches', async () => {
  const page = await dashboard.openLive('/');
  await page.getByRole('button', { name: 'Create 10 orders' }).click();
  await page.getByText('10 orders are on the way').waitFor();
  await page.locator('#counts .counts', { hasText: 'completed' }).getByText('10').waitFor();
  const services = await dashboard.openLive('/services');
  await services.locator('#service-notifications').getByText('sent').first().waitFor();
  const charges = services.locator('#service-payments .counts');
  expect(await charges.textContent()).toContain('10 charges');
  await services.locator('#invariants').getByText('holds').first().waitFor();
});
