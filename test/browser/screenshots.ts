/**
 * Pictures of every page, light and dark, wide and narrow, and of single sagas on paper, into a
 * folder that git does not keep: `npm run screenshots`, to be looked at before a change of looks is
 * called done.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { freePort } from '../ports.ts';
import { Site } from '../e2e/site.ts';
import { launchChromium } from './chromium.ts';
import { PAGES } from './pages.ts';
import { fillWithSamples } from './sample-data.ts';

const FOLDER = 'data/screenshots';
const SCHEMES = ['light', 'dark'] as const;
const WIDTHS = [1280, 390];
const HEIGHT = 900;
/** A4 without its margins, in CSS pixels. */
const PAPER_WIDTH = 703;

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
    if (path.startsWith('/sagas/')) await print(path);
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
  const page = await livePage(path, colorScheme, width);
  const file = join(FOLDER, `${nameOf(path)}-${colorScheme}-${width}.png`);
  await page.screenshot({ path: file, fullPage: true });
  await page.context().close();
  process.stdout.write(`${file}\n`);
}

/** Whatever the screen looks like, paper is white. */
async function print(path: string): Promise<void> {
  const page = await livePage(path, 'dark', PAPER_WIDTH);
  const file = join(FOLDER, `${nameOf(path)}-print`);
  await page.pdf({ path: `${file}.pdf`, preferCSSPageSize: true });
  await page.emulateMedia({ media: 'print' });
  await page.screenshot({ path: `${file}.png`, fullPage: true });
  await page.context().close();
  process.stdout.write(`${file}.pdf\n`);
}

async function livePage(path: string, colorScheme: 'light' | 'dark', width: number): Promise<Page> {
  const viewport = { width, height: HEIGHT };
  const context = await browser.newContext({ baseURL: site.url, colorScheme, viewport });
  const page = await context.newPage();
  await page.goto(path);
  const state = page.locator('#live-state');
  if ((await state.count()) > 0) await page.locator('#live-state.is-live').waitFor();
  return page;
}

function nameOf(path: string): string {
  return path === '/' ? 'overview' : path.slice(1).replace(/[^a-z0-9]+/gi, '-');
}
