/** The pages about the engine itself in a real browser. */
import { expect, test } from 'vitest';
import { seriousViolations, useDashboard } from './dashboard.ts';
import { orderNamed } from './named-order.ts';

/** Stands for the vendor's page: tells its opener that it is there, and shows what it is sent. */
const VENDOR_PAGE = `<!doctype html><title>Inspector</title><ul></ul><script>
  addEventListener('message', ({ data }) => {
    const line = document.createElement('li');
    line.textContent = data.type + ' ' + (data.name ?? '') + ' ' + (data.event?.type ?? '');
    document.querySelector('ul').append(line);
  });
  opener.postMessage({ type: '@statelyai.connected' }, '*');
</script>`;

const dashboard = useDashboard();

test('the performance page draws what happens while one watches', async () => {
  const page = await dashboard.openLive('/performance');
  await dashboard.site.fault('sendConfirmation', { failNext: 1 });
  expect((await dashboard.site.order(orderNamed('measured'), '10s')).body.status).toBe('completed');
  // The first point has no length yet, which is no size for a browser.
  await page.locator('#chart-steps path.series-0:not([d=""])').waitFor({ state: 'attached' });
  await page.locator('#chart-sagas .band').waitFor();
  const label = await page.locator('#chart-steps .plot').getAttribute('aria-label');
  expect(label).toMatch(/^Step latency, last 5 min: now median .+; at most [\d.]+ (ms|s)$/);
  expect(await seriousViolations(page)).toEqual([]);
});

test('the inspector steps back and forth through the events of a saga, in its chart', async () => {
  await dashboard.site.fault('updateOrder', { failNext: 1, mode: 'permanent' });
  const { body } = await dashboard.site.order(orderNamed('inspected'), '10s');
  expect(body.status).toBe('compensated');
  const page = await dashboard.openLive('/inspector');
  await page.getByRole('link', { name: 'order inspected' }).click();
  // It has ended: its last state is lit as it came out.
  await page.locator('#chart [data-light="compensated"]').first().waitFor();
  await page.getByText('follows the saga').waitFor();
  await page.getByRole('link', { name: '⇤ First' }).click();
  await page.locator('#inspector-event').getByText('start', { exact: true }).waitFor();
  await page.getByRole('link', { name: 'Forth →' }).click();
  await page.locator('#inspector-event').getByText('reserveInventory done').waitFor();
  const active = page.locator('#chart-states [data-light="active"]');
  expect(await active.allInnerTexts()).toContainEqual(expect.stringContaining('processPayment'));
  await page.getByRole('link', { name: '← Back' }).click();
  await page.locator('#inspector-event').getByText('start', { exact: true }).waitFor();
  expect(await seriousViolations(page)).toEqual([]);
});

test('a chart without a saga begins where its sagas do, on a narrow screen too', async () => {
  const page = await dashboard.open('/inspector?type=order', {
    viewport: { width: 390, height: 844 },
  });
  const frame = await page.locator('.chart').boundingBox();
  const start = await page.locator('#chart .start').first().boundingBox();
  if (frame === null || start === null) throw new Error('the chart is not there');
  expect(start.x).toBeGreaterThan(frame.x);
  expect(start.x + start.width).toBeLessThan(frame.x + frame.width);
});

test('the vendor inspector in a window of its own gets the journal', async () => {
  await dashboard.site.order(orderNamed('bridged'), '10s');
  const page = await dashboard.open('/inspector/stately');
  await page
    .context()
    .route('https://stately.ai/**', (route) =>
      route.fulfill({ contentType: 'text/html', body: VENDOR_PAGE }),
    );
  const opened = page.waitForEvent('popup');
  await page.getByRole('button', { name: 'Open it in a window of its own' }).click();
  const vendor = await opened;
  await vendor.getByText('@xstate.actor order').first().waitFor();
  await dashboard.site.order(orderNamed('bridged-live'), '10s');
  await vendor.getByText('@xstate.snapshot xstate.done.actor.updateOrder').first().waitFor();
  await page.getByText(/^Connected: \d+ messages passed on\.$/).waitFor();
  expect(await seriousViolations(page)).toEqual([]);
});

test('the debug page streams turns, and stands still when it is paused', async () => {
  const page = await dashboard.openLive('/debug');
  const { body } = await dashboard.site.order(orderNamed('streamed'), '10s');
  const turns = page.locator('#debug-stream');
  await turns.getByRole('link', { name: body.saga_id }).first().waitFor();
  expect(await seriousViolations(page)).toEqual([]);
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByText('this page stands still').waitFor();
  const later = await dashboard.site.order(orderNamed('unseen'), '10s');
  expect(await turns.getByRole('link', { name: later.body.saga_id }).count()).toBe(0);
  await page.getByRole('button', { name: 'Go on' }).click();
  await turns.getByRole('link', { name: later.body.saga_id }).first().waitFor();
});
