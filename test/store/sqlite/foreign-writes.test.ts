/** What other programs write into the file, noticed without being told. */
import { expect, test } from 'vitest';
import { connect, openTestStore, temporaryDatabase } from '../store-fixture.ts';

test('a store hears of a row of the inbox that another program wrote', async () => {
  const path = temporaryDatabase();
  const store = await openTestStore({ path });
  const hears = new Promise<void>((resolve) => void store.onNews(resolve));
  connect(path).exec(`INSERT INTO inbox (kind, target, payload) VALUES ('start', 'order', '{}')`);
  await hears;
  expect((await store.inbox.waiting(0, 10)).length).toBe(1);
});
