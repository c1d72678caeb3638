/** The fault lab in a real browser: every button does what it says, to real processes. */
import type { Locator, Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { seriousViolations, useDashboard } from './dashboard.ts';
import { orderNamed } from './named-order.ts';

/** A crash, the launcher's restart and the saga's end. */
const CRASH_MS = 30_000;

const dashboard = useDashboard();

/** Presses the button of a scenario and waits for its verdict; returns its card. */
async function tryScenario(page: Page, id: string, timeout = 10_000): Promise<Locator> {
  const card = page.locator(`#scenario-${id}`);
  await card.getByRole('button').click();
  await card.getByText('As expected:').waitFor({ timeout });
  return card;
}

test('a refund that fails too ends in a dead letter, and the card says so', async () => {
  const page = await dashboard.openLive('/faults');
  const card = await tryScenario(page, 'compensation-fails');
  await card.locator('.step-marks .badge', { hasText: 'compensation failed' }).waitFor();
  expect(await card.locator('.checks li.tone-good').count()).toBe(4);
  await card.getByRole('link', { name: /^lab-compensation-fails-/ }).click();
  await page.getByText('compensation failed').first().waitFor();
});

test('a lost answer is charged once', async () => {
  const page = await dashboard.openLive('/faults');
  const card = await tryScenario(page, 'charged-twice');
  const found = await card.locator('.found').allInnerTexts();
  expect(found).toEqual([
    'yes: it is completed',
    'yes: 2 attempts',
    'yes: 1 charge; provider: charged',
    'yes: mail sent',
  ]);
  // What was said when it began is true now too.
  const note = page.locator('#lab-result .note');
  expect(await note.innerText()).toMatch(/is tried: what comes of it\.$/);
});

test('a scenario breaks its own order only', async () => {
  const page = await dashboard.openLive('/faults');
  await page.locator('#scenario-failing-step').getByRole('button').click();
  const other = orderNamed(`bystander-${Date.now()}`);
  expect((await dashboard.site.order(other, '10s')).body.status).toBe('completed');
  await page.locator('#scenario-failing-step').getByText('As expected:').waitFor();
});

test(
  'a process that dies is started again, and the page that saw it shows how it went on',
  async () => {
    const page = await dashboard.openLive('/faults');
    const card = await tryScenario(page, 'process-dies', CRASH_MS);
    await card.getByText('1 interrupted attempt').waitFor();
    await page.locator('#live-state.is-live').waitFor();
    // The browser says that the server was away, and is right.
    expect(dashboard.takeProblems().join('\n')).toMatch(/WebSocket|ERR_CONNECTION/);
  },
  2 * CRASH_MS,
);

test('a preset fills the form and changes nothing; applied, it is told on every page', async () => {
  const page = await dashboard.openLive('/faults?preset=payment-down');
  const rate = page.getByLabel('processPayment: percent of calls that fail');
  expect(await rate.inputValue()).toBe('100');
  expect((await dashboard.site.get<{ items: unknown[] }>('/api/faults')).items).toEqual([]);
  await page.getByRole('button', { name: 'Apply' }).click();
  await page.locator('#banner').getByText('processPayment').waitFor();
  await page.goto('/saga');
  await page.locator('#banner').getByText('processPayment').waitFor();
  await page.goto('/faults');
  await page.getByRole('button', { name: 'Reset everything' }).click();
  await page.locator('#lab-faults').getByText('No faults').waitFor();
  await page.locator('#banner').getByText('processPayment').waitFor({ state: 'detached' });
});

test('a load runs to its end, with a bar that says how far it is', async () => {
  const page = await dashboard.openLive('/faults');
  await page.getByLabel('Orders', { exact: true }).fill('40');
  await page.getByLabel('At a time').fill('8');
  await page.getByRole('button', { name: 'Place them' }).click();
  await page.getByText('Done: 40 of 40 orders settled').waitFor();
  expect(await page.locator('progress').getAttribute('value')).toBe('40');
  await page.locator('#lab-load .counts').getByText('completed').waitFor();
});

test('the payment provider is stopped for real, and an order waits until it is back', async () => {
  const page = await dashboard.openLive('/faults');
  await page.getByRole('button', { name: 'Stop it' }).click();
  await page.locator('#lab-provider').getByText('provider is stopped').waitFor();
  await page.locator('#banner').getByText('payment provider is stopped').waitFor();
  await page.locator('#lab-faults').getByText('payment provider is stopped').waitFor();
  await expect(dashboard.site.callProvider('GET', '/health')).rejects.toThrow('fetch failed');
  const settled = dashboard.site.order(orderNamed(`waits-${Date.now()}`), '30s');
  await page.getByRole('button', { name: 'Start it again' }).click();
  expect((await settled).body.status).toBe('completed');
  await page.getByText('The payment provider runs').waitFor();
  await page.locator('#banner > p').waitFor({ state: 'detached' });
});

test.each([390, 1280])('however many faults there are, at %i they hide nothing', async (width) => {
  const activities = ['processPayment', 'refundPayment', 'updateOrder', 'revertOrder'];
  const fault = { failNext: 3, failureRate: 0.5, latencyMs: 1_500 };
  for (const activity of [...activities, 'sendConfirmation', 'releaseInventory']) {
    await dashboard.site.fault(activity, fault);
  }
  const page = await dashboard.openLive('/faults', { viewport: { width, height: 664 } });
  const banner = page.locator('#banner > p');
  await banner.waitFor();
  expect(await banner.getByText('6 faults').isVisible()).toBe(width === 390);
  await page.evaluate('window.scrollTo(0, document.body.scrollHeight)');
  const last = await page.locator('main section').last().boundingBox();
  const top = (await banner.boundingBox())?.y ?? 0;
  expect(top).toBeGreaterThan(0.6 * 664);
  expect((last?.y ?? Infinity) + (last?.height ?? 0)).toBeLessThanOrEqual(top);
});

test('nothing on the page is a serious obstacle to anybody', async () => {
  const page = await dashboard.openLive('/faults');
  expect(await seriousViolations(page)).toEqual([]);
});
