/** The demo over databases that an earlier version of it left, with sagas in flight. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { siteFor } from '../e2e/site.ts';

const FOLDER = fileURLToPath(new URL('../fixtures/released-demo', import.meta.url));

interface Stock {
  readonly product_id: string;
  readonly [figure: string]: unknown;
}

test.for(readdirSync(FOLDER))('goes on with %s', async (release, { onTestFinished }) => {
  const site = await siteFor(onTestFinished);
  writeFileSync(site.database, gunzipSync(readFileSync(join(FOLDER, release))));
  await site.launch();
  await site.atRest();
  // What was in flight is long past its deadline.
  const sagas = await site.all<{ type: string; status: string }>('/api/sagas');
  expect(sagas.map(({ type, status }) => `${type} ${status}`).toSorted()).toEqual([
    'order compensated',
    'order completed',
    'trip compensated',
  ]);
  const { items } = await site.get<{ items: readonly Stock[] }>('/saga/inventory');
  const phones = items.find(({ product_id: id }) => id === 'phone');
  expect(phones).toMatchObject({ initial: 10_000, on_hand: 9_998, reserved: 0, shipped: 2 });
});
