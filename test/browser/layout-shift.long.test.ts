/** Nothing on a page may be pushed about by what comes in live. */
import { beforeAll, expect, test } from 'vitest';
import { useDashboard } from './dashboard.ts';
import { orderNamed } from './named-order.ts';

/** A tenth of what counts as good; a line that appears above the content is more than this. */
const MOST = 0.01;
const WATCH = `
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.shifts.push(entry);
  }).observe({ type: 'layout-shift' });
`;
const SUM = 'window.shifts.reduce((sum, { value }) => sum + value, 0)';

const dashboard = useDashboard();
let count = 0;

async function placeOrder(wait: string): Promise<string> {
  count += 1;
  const { body } = await dashboard.site.order(orderNamed(`shift-${count}`), wait);
  return body.saga_id;
}

// Every list has something in it: an empty one that fills is not what is meant here.
beforeAll(async () => {
  await placeOrder('20s');
  await dashboard.site.fault('updateOrder', { failNext: 1, mode: 'permanent' });
  await placeOrder('20s');
}, 30_000);

const PATHS = [
  '/',
  '/saga',
  '/sagas',
  '/dead-letters',
  '/services',
  '/faults',
  '/performance',
] as const;

// All of them look at the same orders: what takes long is to wait for the pages to hear of each.
test('pages stay where they are while orders run, fail and are compensated', async () => {
  const pages = await Promise.all(PATHS.map((path) => dashboard.openLive(path)));
  for (const page of pages) {
    await page.evaluate('document.fonts.ready');
    await page.evaluate(WATCH);
  }
  await dashboard.site.fault('updateOrder', { failNext: 1, mode: 'permanent' });
  await Promise.all(
    pages.map((page) => page.locator('#banner').getByText('updateOrder').waitFor()),
  );
  await placeOrder('20s');
  await placeOrder('20s');
  await Promise.all(
    pages.map((page) => page.locator('#banner > p').waitFor({ state: 'detached' })),
  );
  const shifts = await Promise.all(pages.map((page) => page.evaluate<number>(SUM)));
  const moved = PATHS.flatMap((path, index) =>
    (shifts[index] ?? 1) < MOST ? [] : [`${path}: ${shifts[index]}`],
  );
  expect(moved).toEqual([]);
}, 60_000);
