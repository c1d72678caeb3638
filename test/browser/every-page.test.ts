/** What holds for every page: no error, nothing that hinders anybody, room on a telephone. */
import { beforeAll, expect, test } from 'vitest';
import { seriousViolations, useDashboard } from './dashboard.ts';
import { PAGES } from './pages.ts';
import { fillWithSamples } from './sample-data.ts';

const TELEPHONE = { width: 390, height: 800 };
const OVERFLOW = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';

const dashboard = useDashboard();
let samples: readonly string[] = [];
beforeAll(async () => {
  samples = await fillWithSamples(dashboard.site);
}, 60_000);

test.each(PAGES)('%s hinders nobody, in light and dark, and fits a telephone', async (path) => {
  await expectFitForAll(path);
});

test('the pages of single sagas and bulk commands do too', async () => {
  expect(samples.length).toBeGreaterThan(3);
  for (const path of samples) await expectFitForAll(path);
}, 90_000);

async function expectFitForAll(path: string): Promise<void> {
  const page = await dashboard.open(path);
  expect(await seriousViolations(page)).toEqual([]);
  await page.emulateMedia({ colorScheme: 'dark' });
  expect(await seriousViolations(page, ['color-contrast'])).toEqual([]);
  await page.setViewportSize(TELEPHONE);
  expect(await page.evaluate(OVERFLOW)).toBe(0);
  await page.close();
}
