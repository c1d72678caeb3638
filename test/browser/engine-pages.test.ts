/** The pages about the engine itself in a real browser. */
import { expect, test } from 'vitest';
import { seriousViolations, useDashboard } from './dashboard.ts';

const dashboard = useDashboard();

test('the performance page draws what happens while one watches', async () => {
  const page = await dashboard.openLive('/performance');
  await dashboard.site.fault('sendConfirmation', { failNext: 1 });
  const body = {
    order_id: 'measured',
    customer_id: 'c-1',
    customer_email: 'c@example.org',
    product_id: 'laptop',
    quantity: 1,
    amount: '12.50',
    payment_method: 'paypal',
  };
  expect((await dashboard.site.order(body, '10s')).body.status).toBe('completed');
  await page.locator('#chart-steps path.series-0:not([d=""])').waitFor();
  await page.locator('#chart-sagas .band').waitFor();
  const label = await page.locator('#chart-steps .plot').getAttribute('aria-label');
  expect(label).toMatch(/^Step latency, last 5 min: now median .+; at most [\d.]+ (ms|s)$/);
  expect(await seriousViolations(page)).toEqual([]);
});
