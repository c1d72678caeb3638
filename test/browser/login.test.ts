/** Where a token is required, in a real browser: in, what a read-only server offers, and out. */
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { seriousViolations, useDashboard } from './dashboard.ts';

const TOKEN = '4f1c9a07d2e85b36c0419fe7a2b8d563';

const dashboard = useDashboard({ BACKSTEP_TOKEN: TOKEN, BACKSTEP_READ_ONLY: 'on' });

async function logIn(page: Page, token: string): Promise<void> {
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Log in' }).click();
}

test('a person logs in where they wanted to go, sees that it is read-only, and logs out', async () => {
  const page = await dashboard.open('/dead-letters');
  expect(await seriousViolations(page)).toEqual([]);
  await page.emulateMedia({ colorScheme: 'dark' });
  expect(await seriousViolations(page, ['color-contrast'])).toEqual([]);
  await logIn(page, TOKEN);
  await page.waitForURL('**/dead-letters');
  await page.locator('#live-state.is-live').waitFor();
  await page.getByText('Read only:').waitFor();
  expect(await seriousViolations(page)).toEqual([]);
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.waitForURL('**/login');
  await page.goto('/dead-letters');
  await page.getByLabel('Token').waitFor();
});

test('the other pages of a browser that logs out go to the login too', async () => {
  const page = await dashboard.open('/sagas');
  await logIn(page, TOKEN);
  await page.locator('#live-state.is-live').waitFor();
  const other = await page.context().newPage();
  await other.goto('/dead-letters');
  await other.locator('#live-state.is-live').waitFor();
  await page.getByRole('button', { name: 'Log out' }).click();
  await other.waitForURL('**/login?next=%2Fdead-letters');
  await page.waitForURL('**/login');
  expect(dashboard.takeProblems()).toEqual([]);
});

test('a wrong token is refused in words', async () => {
  const page = await dashboard.open('/');
  await page.getByLabel('Your name').fill('Kim');
  await logIn(page, 'wrong');
  await page.getByRole('alert').getByText('This is not the token.').waitFor();
  expect(await page.getByLabel('Your name').inputValue()).toBe('Kim');
  // The browser itself logs that the answer was a refusal.
  expect(dashboard.takeProblems()).toEqual([expect.stringContaining('401')]);
});
