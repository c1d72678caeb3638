/** The overview and the services in a real browser: live, and hindering nobody. */
import { expect, test } from 'vitest';
import { seriousViolations, useDashboard } from './dashboard.ts';
import { PAGES } from './pages.ts';

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

test.each(PAGES)('nothing on %s is a serious obstacle to anybody', async (path) => {
  const page = await dashboard.openLive(path);
  expect(await seriousViolations(page)).toEqual([]);
});

test.each(PAGES)('%s fits a telephone: only tables scroll sideways', async (path) => {
  const page = await dashboard.openLive(path, { viewport: { width: 390, height: 800 } });
  const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
  expect(await page.evaluate(overflow)).toBe(0);
});
