/** An outage is handled from the command line alone; `npm run outage` does it with 500 orders. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { handleOutage, openShop } from './outage.ts';
import { typed } from './typed-commands.ts';

const ORDERS = 12;

test('an outage of the payment provider is found, explained, retried by filter and audited', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'backstep-outage-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const shop = await openShop(join(folder, 'shop.db'));
  onTestFinished(() => shop.stop());
  await shop.failOrders(ORDERS);
  const letters = await typed(['dead-letters', '--url', shop.url]);
  expect(letters.out).toMatch(
    /^SAGAS +TYPE +STATUS +ERROR +OLDEST\n12 +paid-order +failed +provider-away/,
  );
  expect(letters.err).toContain(
    'backstep retry --type paid-order --status failed --query provider-away',
  );
  expect(await handleOutage(shop)).toMatchObject({
    found: ORDERS,
    letters: ORDERS,
    why: {
      next: 'It failed after its point of no return. Not done: capture. A person decides.',
      lastError: { activity: 'capture', error: { code: 'provider-away' } },
    },
    wouldRetry: ORDERS,
    retried: { taken: ORDERS, refused: 0, failed: 0 },
    left: 0,
    completed: ORDERS,
    audited: ORDERS,
  });
  expect([...shop.captured.values()]).toEqual(Array.from({ length: ORDERS }, () => 1));
});
