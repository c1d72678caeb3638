/** How participants' statements name their parameters: counted, or by number as PostgreSQL does. */
import { beforeEach, expect, it } from 'vitest';
import type { Store } from '../../../src/store/store.ts';
import { connect, openTestStore, temporaryDatabase } from '../store-fixture.ts';

const ITEMS_TABLE = 'CREATE TABLE items (name TEXT PRIMARY KEY, amount INTEGER) STRICT';

let store: Store;

beforeEach(async () => {
  const path = temporaryDatabase();
  await (await openTestStore({ path })).close();
  connect(path).exec(ITEMS_TABLE);
  store = await openTestStore({ path });
});

const items = () =>
  store
    .reader<{ items: { name: string; amount: number } }>()
    .selectFrom('items')
    .selectAll()
    .orderBy('name')
    .execute();

it.each([
  ['counted', 'INSERT INTO items VALUES (?, ?)', ['pen', 2]],
  ['numbered', 'INSERT INTO items VALUES ($1, $2)', ['pen', 2]],
  ['numbered in any order', 'INSERT INTO items VALUES ($2, $1)', [2, 'pen']],
  [
    'numbered and used twice',
    "INSERT INTO items SELECT $1, $2 WHERE $1 <> '$3' AND $2 > 1 -- not $4\n /* nor $5 */",
    ['pen', 2],
  ],
  [
    'counted beside what looks like a number',
    "INSERT INTO items SELECT ?, ? WHERE '$1' <> ''",
    ['pen', 2],
  ],
])('parameters may be %s', async (_, sql, parameters) => {
  for (const name of ['pen', 'ink']) {
    const given = parameters.map((value) => (value === 'pen' ? name : value));
    expect(await store.write([{ sql, parameters: given }])).toMatchObject({ kind: 'committed' });
  }
  expect(await items()).toEqual([
    { name: 'ink', amount: 2 },
    { name: 'pen', amount: 2 },
  ]);
});

it.each([
  ['INSERT INTO items VALUES ($1, $2)', ['pen']],
  ['INSERT INTO items VALUES ($1, $2)', ['pen', 1, 2]],
  ['INSERT INTO items VALUES ($1, ?)', ['pen', 1]],
])('of %s, %j is not the right number and is rejected', async (sql, parameters) => {
  expect(await store.write([{ sql, parameters }])).toMatchObject({ kind: 'rejected' });
  expect(await items()).toEqual([]);
});

it('a repeated statement finds its form again', async () => {
  const sql = 'UPDATE items SET amount = amount + $2 WHERE name = $1 RETURNING name';
  await store.write([{ sql: 'INSERT INTO items VALUES ($1, 1)', parameters: ['pen'] }]);
  for (const changes of [1, 1]) {
    const outcome = await store.write([{ sql, parameters: ['pen', 2] }]);
    expect(outcome).toEqual({ kind: 'committed', changes: [changes] });
  }
  expect(await items()).toEqual([{ name: 'pen', amount: 5 }]);
});
