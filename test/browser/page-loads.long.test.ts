/** The socket of a page in a real browser, load after load. */
import { expect, test } from 'vitest';
import { useDashboard } from './dashboard.ts';

/** How often the page is loaded to see that its socket always opens. */
const LOADS = 50;

const dashboard = useDashboard();

test(`${LOADS} page loads open the socket ${LOADS} times`, async () => {
  const page = await dashboard.openLive('/saga');
  let opened = 0;
  page.on('websocket', () => (opened += 1));
  for (let load = 0; load < LOADS; load += 1) {
    await page.reload();
    await page.locator('#live-state.is-live').waitFor();
  }
  expect(opened).toBe(LOADS);
});
