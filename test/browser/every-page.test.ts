/** What holds for every page: no error, nothing that hinders anybody, room on a telephone. */
import { expect, test } from 'vitest';
import { seriousViolations, useDashboard } from './dashboard.ts';
import { PAGES } from './pages.ts';

const TELEPHONE = { width: 390, height: 800 };
const OVERFLOW = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';

const dashboard = useDashboard();

test.each(PAGES)('%s hinders nobody, in light and dark, and fits a telephone', async (path) => {
  const page = await dashboard.openLive(path);
  expect(await seriousViolations(page)).toEqual([]);
  await page.emulateMedia({ colorScheme: 'dark' });
  expect(await seriousViolations(page, ['color-contrast'])).toEqual([]);
  await page.setViewportSize(TELEPHONE);
  expect(await page.evaluate(OVERFLOW)).toBe(0);
});
