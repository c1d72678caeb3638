/** The server below a prefix of a program's own, in a real browser: links, forms, sockets, login. */
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BackstepServer, createServer, type ServerOptions } from '../../src/server.ts';
import { PROGRAMS } from '../server/program-hosts.ts';
import { openShop, type ShopEngine } from '../server/shop-engine.ts';
import { launchChromium } from './chromium.ts';
import { seriousViolations, watch } from './dashboard.ts';

const START_MS = 60_000;
const TOKEN = '4f1c9a07d2e85b36c0419fe7a2b8d563';

let browser: Browser;
let shop: ShopEngine;
beforeAll(async () => {
  [browser, shop] = await Promise.all([launchChromium(), openShop()]);
}, START_MS);
afterAll(async () => {
  await browser.close();
  await shop.dispose();
});

interface Visit {
  readonly ops: BackstepServer;
  readonly page: Page;
  readonly problems: string[];
  end(): Promise<void>;
}

async function visit(
  program: 'hono' | 'express',
  path: string,
  options: Partial<ServerOptions> = {},
): Promise<Visit> {
  const ops = createServer({ backstep: shop.backstep, prefix: '/ops', ...options });
  const server: Server = await PROGRAMS[program](ops);
  const baseURL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const context = await browser.newContext({ baseURL });
  const page = await context.newPage();
  const problems: string[] = [];
  watch(page, problems);
  await page.goto(path);
  return {
    ops,
    page,
    problems,
    async end() {
      await context.close();
      await ops.stop();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

test('in a Hono app the pages lead to each other, are live, and take orders', async () => {
  const { id } = await shop.backstep.spawn('shop', { input: { item: 'globe' }, key: 'globe-1' });
  const { page, problems, end } = await visit('hono', '/ops');
  await page.locator('#live-state.is-live').waitFor();
  await page.getByRole('link', { name: 'Sagas', exact: true }).click();
  await page.waitForURL('**/ops/sagas');
  await page.getByRole('link', { name: 'globe-1' }).click();
  await page.waitForURL(`**/ops/sagas/${id}`);
  await page.locator('#live-state.is-live').waitFor();
  await page.getByRole('link', { name: 'Statechart', exact: true }).click();
  await page.locator('#chart').waitFor();
  await page.locator('#live-state.is-live').waitFor();
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.locator('#action-result').getByText('Pause was taken').waitFor();
  await page.locator('#saga-head').getByText('paused').first().waitFor();
  // What the socket brought has its links below the prefix too.
  await page.locator('#saga-head').getByRole('link', { name: 'shop v1' }).click();
  await page.waitForURL('**/ops/definitions/shop?version=1');
  expect(problems).toEqual([]);
  await end();
});

test('a saga is started by a form, which keeps what was typed and says at the field what is wrong', async () => {
  const { page, problems, end } = await visit('hono', '/ops/definitions/shop');
  const form = page.locator('#start-form');
  await form.getByLabel('item').fill('globe');
  await form.getByLabel('Start key').fill('form-7');
  // What the browser itself would refuse; the server must too.
  await page.evaluate(`document.getElementById('start-form').noValidate = true`);
  await form.getByLabel('count').fill('12');
  await form.getByRole('button', { name: 'Start shop' }).click();
  await form.getByRole('alert').filter({ hasText: '9' }).waitFor();
  expect(await form.getByLabel('item').inputValue()).toBe('globe');
  expect(await form.getByLabel('Start key').inputValue()).toBe('form-7');
  expect(await seriousViolations(page)).toEqual([]);
  await form.getByLabel('count').fill('2');
  await form.getByRole('button', { name: 'Start shop' }).click();
  await form.getByRole('link', { name: 'form-7' }).click();
  await page.waitForURL('**/ops/sagas/*');
  await page.getByText('Send ship').first().click();
  await page.getByLabel('carrier').selectOption('courier');
  await page.getByLabel('parcels').fill('1');
  await page.getByRole('button', { name: 'Send ship' }).click();
  await page.locator('#saga-head').getByText('completed').first().waitFor();
  // The browser logs the answer that was a refusal.
  expect(problems.filter((problem) => !problem.includes('422'))).toEqual([]);
  await end();
});

test('in an Express app a person logs in, looks, and logs out', async () => {
  const { page, problems, end } = await visit('express', '/ops/dead-letters', { token: TOKEN });
  await page.waitForURL('**/ops/login?next=%2Fdead-letters');
  await page.getByLabel('Token').fill(TOKEN);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.waitForURL('**/ops/dead-letters');
  await page.locator('#live-state.is-live').waitFor();
  const other = await page.context().newPage();
  watch(other, problems);
  await other.goto('/ops/inspector');
  await other.locator('#live-state.is-live').waitFor();
  const [cookie] = await page.context().cookies(`${new URL(page.url()).origin}/ops`);
  expect(cookie).toMatchObject({ path: '/ops', httpOnly: true, sameSite: 'Strict' });
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.waitForURL('**/ops/login');
  await other.waitForURL('**/ops/login?next=%2Finspector');
  // A page whose socket was ended asks whether the session is over; the browser logs the answer.
  expect(problems.filter((problem) => !problem.includes('401'))).toEqual([]);
  await end();
});
