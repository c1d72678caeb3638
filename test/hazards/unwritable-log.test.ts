/** The shipped programs while nobody takes what they log: sagas go on, and starts and stops work. */
import { closeSync, existsSync, openSync } from 'node:fs';
import { expect, onTestFinished, test, vi } from 'vitest';
import { expectBooksToAddUp, orderOf, ordersOf } from '../e2e/order-books.ts';
import type { Program } from '../e2e/processes.ts';
import { serverBelow, siteFor, type Site, until } from '../e2e/site.ts';

/** Every write to it finds the disk full. */
const FULL = '/dev/full';
vi.setConfig({ testTimeout: 90_000 });

async function expectLifeToGoOn(site: Site, launcher: Program): Promise<void> {
  expect((await site.order(orderOf(1), '30s')).body.status).toBe('completed');
  process.kill(serverBelow(launcher), 'SIGKILL');
  await until('the launcher has started it again', async () => {
    return (await site.call('GET', '/api/health')).status === 200;
  });
  expect((await site.order(orderOf(2), '30s')).body.status).toBe('completed');
  await site.atRest();
  await expectBooksToAddUp(site, ordersOf(2));
  launcher.signal('SIGTERM');
  expect(await launcher.ended).toBe(0);
}

test('a log on a disk that is full stops nothing, and what was lost is counted', async ({
  skip,
}) => {
  if (!existsSync(FULL)) return skip(`there is no ${FULL}`);
  const site = await siteFor(onTestFinished);
  const full = openSync(FULL, 'w');
  site.stderr = full;
  const launcher = await site.launch({ LOG_LEVEL: 'debug' });
  closeSync(full);
  const metrics = await (await fetch(`${site.url}/metrics`)).text();
  expect(metrics).toMatch(/^backstep_log_lines_lost_total [1-9]/m);
  await expectLifeToGoOn(site, launcher);
});

test('a log and an output that nobody reads any more stop nothing', async () => {
  const site = await siteFor(onTestFinished);
  const launcher = await site.launch({ LOG_LEVEL: 'debug' });
  launcher.deafen();
  await expectLifeToGoOn(site, launcher);
});
