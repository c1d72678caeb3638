/**
 * Pictures of every page, light and dark, wide and narrow, into a folder that git does not keep:
 * `npm run screenshots`, to be looked at before a change of looks is called done.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../e2e/processes.ts';
import { Site, until } from '../e2e/site.ts';
import { launchChromium } from './chromium.ts';
import { PAGES } from './pages.ts';

const FOLDER = 'data/screenshots';
const SCHEMES = ['light', 'dark'] as const;
const WIDTHS = [1280, 390];
const HEIGHT = 900;

const only = process.argv.slice(2);
const site = new Site(await freePort(), await freePort());
const browser = await launchChromium();
try {
  await site.launch();
  const paths = [...PAGES, ...(await somethingToSee(site))];
  mkdirSync(FOLDER, { recursive: true });
  for (const path of paths.filter((one) => only.length === 0 || only.includes(one))) {
    for (const colorScheme of SCHEMES) {
      for (const width of WIDTHS) await picture(path, colorScheme, width);
    }
  }
} finally {
  await browser.close();
  await site.dispose();
}

/** Orders that complete, are compensated, wait for a person; a fault that is active. */
async function somethingToSee(demo: Site): Promise<readonly string[]> {
  await createOrders(demo, 10);
  await demo.atRest();
  await demo.fault('processPayment', { failNext: 2, mode: 'permanent' });
  await createOrders(demo, 3);
  await demo.atRest();
  await demo.fault('refundPayment', { failNext: 2, mode: 'permanent' });
  await demo.fault('updateOrder', { failNext: 3, mode: 'permanent' });
  await createOrders(demo, 4);
  await until('two sagas need a person', async () => {
    const { items } = await demo.get<{ items: readonly unknown[] }>('/api/dead-letters');
    return items.length === 2;
  });
  await demo.fault('sendConfirmation', { latencyMs: 5_000 });
  await createOrders(demo, 1);
  return [];
}

async function createOrders({ url }: Site, count: number): Promise<void> {
  const body = new URLSearchParams({ count: String(count) });
  const response = await fetch(`${url}/saga/actions/order-batch`, {
    method: 'POST',
    body,
    redirect: 'manual',
  });
  if (response.status !== 303) throw new Error(`orders refused: ${await response.text()}`);
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
