/** `/alerts` in a real browser, of a server whose rules come from a file. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { seriousViolations, useDashboard } from './dashboard.ts';
import { orderNamed } from './named-order.ts';

const folder = mkdtempSync(join(tmpdir(), 'backstep-alerts-'));
const file = join(folder, 'alerts.json');
const hooks: string[] = [];
const desk = createServer((request, response) => {
  hooks.push(String(request.headers['webhook-id']));
  request.resume().on('end', () => response.writeHead(204).end());
});
await new Promise<void>((resolve) => desk.listen(0, '127.0.0.1', resolve));
const { port } = desk.address() as AddressInfo;
writeFileSync(join(folder, 'desk.secret'), `whsec_${Buffer.alloc(32, 5).toString('base64')}`);
const target = { url: `http://127.0.0.1:${port}/hook-key`, secretFile: 'desk.secret' };
writeFileSync(
  file,
  JSON.stringify({
    rules: [{ name: 'letters', when: { kind: 'dead-letter' } }],
    targets: { desk: target },
    gather: 0,
  }),
);
afterAll(() => {
  desk.close();
  rmSync(folder, { recursive: true });
});

const dashboard = useDashboard({ BACKSTEP_ALERTS: file });

test('shows rules, sends a trial, and shows what was found and that it arrived', async () => {
  const { site } = dashboard;
  const page = await dashboard.openLive('/alerts');
  const rule = page.getByRole('row', { name: 'letters' });
  await rule.getByText('a dead letter is open').waitFor();
  expect(await page.content()).not.toContain('hook-key');
  await page.getByRole('button', { name: /trial/i }).click();
  await page.locator('#action-result').getByText('A trial to desk is on its way.').waitFor();
  await page.getByRole('row', { name: /trial.*delivered/i }).waitFor();
  expect(hooks).toHaveLength(1);
  await site.fault('refundPayment', { failNext: 1, mode: 'permanent' });
  await site.fault('updateOrder', { failNext: 1, mode: 'permanent' });
  await site.order(orderNamed('nobody-refunds'), '20s');
  await page.getByRole('row', { name: /opened.*delivered/i }).waitFor();
  await page.getByRole('table', { name: 'Open incidents' }).getByText('letters').waitFor();
  expect(new Set(hooks).size).toBe(2);
  expect(await seriousViolations(page)).toEqual([]);
});
