/** Forms of pages whose server does not answer, or no longer lets this browser in. */
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { useDashboard } from './dashboard.ts';

const dashboard = useDashboard();

test.each([
  ['/saga', 'Place order', '#order-result'],
  ['/', 'Create 10 orders', '#action-result'],
  ['/saga', 'Payment down', '#faults-active'],
])('%s: "%s" says that the server does not answer', async (path, button, place) => {
  const page = await dashboard.openLive(path);
  await unplugForms(page);
  await page.getByRole('button', { name: button }).click();
  const note = page.locator(`${place} .note.tone-bad`);
  await note.getByText('The server does not answer.').waitFor();
  expect(await note.getAttribute('role')).toBe('alert');
  // The browser says so too.
  expect(dashboard.takeProblems().join('\n')).toContain('ERR_CONNECTION_REFUSED');
});

/** What is sent from now on reaches nobody; the page's socket stays. */
async function unplugForms(page: Page): Promise<void> {
  await page.route(
    () => true,
    (route) => route.abort('connectionrefused'),
  );
}

test('what is live in the same place leaves the note, until the form is tried again', async () => {
  const page = await dashboard.openLive('/saga');
  await unplugForms(page);
  await page.getByRole('button', { name: 'Payment down' }).click();
  const place = page.locator('#faults-active');
  await place.getByText('The server does not answer.').waitFor();
  await dashboard.site.fault('processPayment', { latencyMs: 1 });
  await place.getByText('processPayment').waitFor();
  expect(await place.getByText('The server does not answer.').count()).toBe(1);
  expect(dashboard.takeProblems().join('\n')).toContain('ERR_CONNECTION_REFUSED');

  await page.unrouteAll();
  await page.getByRole('button', { name: 'Payment down' }).click();
  await place.getByText('The server does not answer.').waitFor({ state: 'detached' });
});
