/** What matters is on the screen of a telephone, and where a table goes on one can see it. */
import type { Locator } from 'playwright-core';
import { expect, test } from 'vitest';
import { useDashboard } from './dashboard.ts';
import { orderNamed } from './named-order.ts';

const WIDTH = 390;
const TELEPHONE = { viewport: { width: WIDTH, height: 664 } };

const dashboard = useDashboard();

test('every field of the faults by activity is on the screen, with its head', async () => {
  const page = await dashboard.openLive('/faults', TELEPHONE);
  const fields = page.locator('.fault-table :is(input, select)');
  const ends = await Promise.all((await fields.all()).map(rightEndOf));
  expect(ends.length).toBeGreaterThan(20);
  expect(Math.max(...ends)).toBeLessThanOrEqual(WIDTH);
  const head =
    "getComputedStyle(document.querySelector('.fault-table td + td'), '::before').content";
  expect(await page.evaluate(head)).toBe('"Next calls"');
});

test('the status of a saga is on the screen however long its name is, and the edge fades', async () => {
  const orderId = `a-very-long-name-${'of-an-order-'.repeat(6)}`;
  await dashboard.site.order(orderNamed(orderId), '20s');
  const page = await dashboard.openLive('/sagas', TELEPHONE);
  const badge = page.locator('tr', { hasText: orderId }).locator('.badge', {
    hasText: 'completed',
  });
  expect(await rightEndOf(badge)).toBeLessThanOrEqual(WIDTH);
  const mask = "getComputedStyle(document.querySelector('.scroll')).maskImage";
  expect(await page.evaluate(mask)).toContain('linear-gradient');
  await page.evaluate("document.querySelector('.scroll').scrollLeft = 10_000");
  await expect.poll(() => page.evaluate(mask)).toBe('none');
  await page.setViewportSize({ width: 1_280, height: 800 });
  await expect.poll(() => page.evaluate(mask)).toBe('none');
});

test.each([WIDTH, 1_280])(
  'a statechart is read at %i pixels without scrolling sideways',
  async (width) => {
    const page = await dashboard.open('/definitions/order', { viewport: { width, height: 800 } });
    const hidden = '(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)';
    expect(await page.evaluate(`${hidden}(document.querySelector('.chart'))`)).toBe(0);
    const name = page.locator('#chart .name', { hasText: 'sendConfirmation' });
    // Thirteen pixels in the drawing; a line of them is a little higher.
    expect((await name.boundingBox())?.height).toBeGreaterThan(12);
    await page.getByRole('link', { name: 'Open sendConfirmation' }).click();
    await page.locator('[data-state="order.forward.sendConfirmation.retrying"]').waitFor();
    await page.getByRole('link', { name: 'The whole machine' }).click();
    await page.locator('[data-state="order.forward.updateOrder.retrying"]').waitFor();
    await page.getByRole('link', { name: 'Steps only' }).click();
    await page.locator('[data-state="order.forward.sendConfirmation.retrying"]').waitFor();
  },
);

async function rightEndOf(element: Locator): Promise<number> {
  const box = await element.boundingBox();
  return box === null ? Infinity : box.x + box.width;
}
