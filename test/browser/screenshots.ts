/**
 * Pictures of every page, light and dark, wide and narrow, into a folder that git does not keep:
 * `npm run screenshots`, to be looked at before a change of looks is called done.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../e2e/processes.ts';
import { Site } from '../e2e/site.ts';
import { launchChromium } from './chromium.ts';
import { PAGES } from './pages.ts';
import { fillWithSamples } from './sample-data.ts';

const FOLDER = 'data/screenshots';
const SCHEMES = ['light', 'dark'] as const;
const WIDTHS = [1280, 390];
const HEIGHT = 900;

const only = process.argv.slice(2);
const site = new Site(await freePort(), await freePort());
const browser = await launchChromium();
try {
  await site.launch();
  // What is under way first: it does not stay so.
  const paths = [...(await fillWithSamples(site)), ...PAGES];
  mkdirSync(FOLDER, { recursive: true });
  for (const path of paths.filter(
    (one) => only.length === 0 || only.some((part) => matches(one, part)),
  )) {
    for (const colorScheme of SCHEMES) {
      for (const width of WIDTHS) await picture(path, colorScheme, width);
    }
  }
} finally {
  await browser.close();
  await site.dispose();
}

/** `npm run screenshots -- /sagas /bulk/` takes that page, and those below. */
function matches(path: string, wanted: string): boolean {
  return wanted.endsWith('/') && wanted !== '/' ? path.startsWith(wanted) : path === wanted;
}

async function picture(path: string, colorScheme: 'light' | 'dark', width: number): Promise<void> {
  const viewport = { width, height: HEIGHT };
  const context = await browser.newContext({ baseURL: site.url, colorScheme, viewport });
  const page = await context.newPage();
  await page.goto(path);
  const state = page.locator('#live-state');
  if ((await state.count()) > 0) await page.locator('#live-state.is-live').waitFor();
  const name = path === '/' ? 'overview' : path.slice(1).replace(/[^a-z0-9]+/gi, '-');
  const file = join(FOLDER, `${name}-${colorScheme}-${width}.png`);
  await page.screenshot({ path: file, fullPage: true });
  await context.close();
  process.stdout.write(`${file}\n`);
}
