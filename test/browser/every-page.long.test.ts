/** What holds for every page: no error, nothing that hinders anybody, room on a telephone. */
import { beforeAll, expect, test } from 'vitest';
import { useDashboard } from './dashboard.ts';
import { expectFitForAll } from './fit-for-all.ts';
import { PAGES } from './pages.ts';
import { fillWithSamples } from './sample-data.ts';

const dashboard = useDashboard();
let samples: readonly string[] = [];
beforeAll(async () => {
  samples = await fillWithSamples(dashboard.site);
}, 60_000);

test.each(PAGES)('%s hinders nobody, in light and dark, and fits a telephone', async (path) => {
  await expectFitForAll(dashboard, path);
});

test('the pages of single sagas and bulk commands do too', async () => {
  expect(samples.length).toBeGreaterThan(3);
  for (const path of samples) await expectFitForAll(dashboard, path);
}, 90_000);
