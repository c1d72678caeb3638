/** The page of one saga in a real browser: its chart, its past, and the page on paper. */
import { expect, test } from 'vitest';
import { useDashboard } from './dashboard.ts';
import { orderNamed, pausedOrder } from './named-order.ts';

const dashboard = useDashboard();

async function placedOrder(orderId: string): Promise<string> {
  return (await dashboard.site.order(orderNamed(orderId))).body.saga_id;
}

test('a past turn says what was left then, and does not count on', async () => {
  await dashboard.site.fault('reserveInventory', { failNext: 2 });
  const id = await placedOrder('past-timers');
  const statusOf = async (): Promise<string> =>
    (await dashboard.site.get<{ status: string }>(`/api/sagas/${id}`)).status;
  await expect.poll(statusOf, { timeout: 15_000 }).toBe('completed');
  const page = await dashboard.open('/');
  await page.clock.install();
  await page.goto(`/sagas/${id}?seq=2`);
  const rail = page.locator('#saga-rail');
  await rail.getByText(/attempt 2 of 5\s+in 0\.\d s/).waitFor();
  await rail.getByText(/deadline in 4 min/).waitFor();
  // The present is long after: a clock that moves on changes nothing.
  const before = await rail.textContent();
  await page.clock.runFor(120_000);
  expect(await rail.textContent()).toBe(before);
});

test('the chart is lit live, and says the same in its list of states', async () => {
  const { site } = dashboard;
  await site.fault('processPayment', { failNext: 1, mode: 'permanent' });
  await site.fault('reserveInventory', { latencyMs: 1_500 });
  await site.fault('releaseInventory', { latencyMs: 1_500 });
  await dashboard.open('/definitions/order'); // laid out once, for every saga of it
  const { id, goOn } = await pausedOrder(site, 'chart-lights-up');
  const page = await dashboard.openLive(`/sagas/${id}?view=chart`);
  await goOn();
  const lit = (path: string, light: string) =>
    page.locator(`#chart [data-state="order.${path}"][data-light="${light}"] > .light-icon`);
  await lit('compensating.releaseInventory', 'active').filter({ hasText: '▶' }).waitFor();
  await lit('forward.processPayment', 'failed').filter({ hasText: '✗' }).waitFor();
  await lit('compensated', 'compensated').filter({ hasText: '↶' }).waitFor();
  await lit('forward.reserveInventory', 'compensated').waitFor();
  const list = page.locator('#chart-states');
  expect(await list.textContent()).toMatch(/forward\.processPayment\s+failed/);
  expect(await page.locator('#chart [data-light="active"]').count()).toBe(0);
});

test('on paper there is the saga, and nothing that one could only click', async () => {
  const id = await placedOrder('on-paper');
  for (const view of ['rail', 'chart']) {
    const page = await dashboard.open(`/sagas/${id}?view=${view}`, { colorScheme: 'dark' });
    await page.emulateMedia({ media: 'print' });
    const clickable = page.locator(':is(nav, button, form, summary, .button):visible');
    expect(await clickable.count()).toBe(0);
    await page.locator('#saga-timeline').getByText('reserveInventory').first().waitFor();
    const paper = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    expect(paper).toBe('rgb(255, 255, 255)');
  }
  const chart = await dashboard.open(`/sagas/${id}?view=chart&chart=whole`);
  const pdf = (await chart.pdf({ preferCSSPageSize: true })).toString('latin1');
  // The drawing has a large sheet of its own: on a usual one its words could not be read.
  const widths = [...pdf.matchAll(/\/MediaBox ?\[0 0 ([\d.]+)/g)].map(([, width]) => Number(width));
  expect(Math.max(...widths)).toBeGreaterThan(1_600);
  expect(Math.min(...widths)).toBeLessThan(700);
});

test('the chart counts attempts and what is left until the next one, in words too', async () => {
  await dashboard.open('/definitions/order?chart=whole'); // laid out before it is needed
  await dashboard.site.fault('reserveInventory', { failNext: 4, latencyMs: 500 });
  const { id, goOn } = await pausedOrder(dashboard.site, 'chart-counts');
  const page = await dashboard.openLive(`/sagas/${id}?view=chart&chart=whole`);
  await goOn();
  const within = (state: string) =>
    page.locator(`#chart [data-state="order.forward.reserveInventory.${state}"] > .note-text`);
  await within('retrying')
    .filter({ hasText: /^in \d+(\.\d)? s$/ })
    .waitFor();
  await dashboard.site.fault('reserveInventory', { latencyMs: 2_000 });
  await within('running')
    .filter({ hasText: /^attempt [2-5]$/ })
    .waitFor();
  expect(await page.locator('#chart-states').textContent()).toMatch(
    /reserveInventory\.running\s+active\s+attempt [2-5]/,
  );
  await page.locator('#saga-head').getByText('completed').waitFor();
  await within('running').filter({ hasText: /^$/ }).waitFor({ state: 'attached' });
});

test('a closed step of the chart tells what is under way in it', async () => {
  await dashboard.open('/definitions/order');
  await dashboard.site.fault('reserveInventory', { failNext: 4, latencyMs: 500 });
  const { id, goOn } = await pausedOrder(dashboard.site, 'chart-closed');
  const page = await dashboard.openLive(`/sagas/${id}?view=chart`);
  await goOn();
  const note = page.locator('#chart [data-state="order.forward.reserveInventory"] > .note-text');
  await note.filter({ hasText: /^(in \d+(\.\d)? s|attempt \d)$/ }).waitFor();
  await page.locator('#saga-head').getByText('completed').waitFor();
  await expect.poll(() => note.textContent()).toBe('');
});
