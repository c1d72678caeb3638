/** What holds for every page: no error, nothing that hinders anybody, room on a telephone. */
import { expect } from 'vitest';
import { type Dashboard, seriousViolations } from './dashboard.ts';

const TELEPHONE = { width: 390, height: 800 };
const OVERFLOW = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';

export async function expectFitForAll(dashboard: Dashboard, path: string): Promise<void> {
  const page = await dashboard.open(path);
  expect(await seriousViolations(page)).toEqual([]);
  await page.emulateMedia({ colorScheme: 'dark' });
  expect(await seriousViolations(page, ['color-contrast'])).toEqual([]);
  await page.setViewportSize(TELEPHONE);
  expect(await page.evaluate(OVERFLOW)).toBe(0);
  await page.close();
}
