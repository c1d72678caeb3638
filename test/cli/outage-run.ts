/** `npm run outage -- [orders]`: the outage with as many orders as one asks for, told as figures. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { handleOutage, openShop } from './outage.ts';

const DEFAULT_ORDERS = 500;

const orders = Number(process.argv[2] ?? DEFAULT_ORDERS);
const folder = mkdtempSync(join(tmpdir(), 'backstep-outage-'));
const shop = await openShop(join(folder, 'shop.db'));
try {
  await shop.failOrders(orders);
  const startedMs = performance.now();
  const { why: _, ...handled } = await handleOutage(shop);
  const { taken, refused, failed } = handled.retried;
  const tookMs = Math.round(performance.now() - startedMs);
  const twice = [...shop.captured.values()].filter((times) => times !== 1).length;
  console.log(
    JSON.stringify(
      { orders, tookMs, ...handled, retried: { taken, refused, failed }, paidOtherThanOnce: twice },
      null,
      2,
    ),
  );
  const isHandled = handled.completed === orders && handled.audited === orders && twice === 0;
  process.exitCode = isHandled ? 0 : 1;
} finally {
  await shop.stop();
  rmSync(folder, { recursive: true, force: true });
}
