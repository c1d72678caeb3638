/** The inbox in the store: a row goes with the turn that it asked for, or nothing does. */
import { sql } from 'kysely';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Store } from '../../../src/store/store.ts';
import { startOf, turnOf } from '../store-fixture.ts';
import { STORES, type StoreDatabase } from './stores.ts';

let inbox: string;
let database: StoreDatabase;
let store: Store;

/** Another program writes a row; gives its id. */
async function insert(values: Readonly<Record<string, unknown>> = {}): Promise<number> {
  const row = { kind: 'start', target: 'order', payload: '{}', ...values };
  const literals = Object.entries(row).map(([name, value]) => [name, sql.lit(value)]);
  const into = store.tables().insertInto('inbox');
  const { sql: text } = into.values(Object.fromEntries(literals) as never).compile();
  await database.exec(text.replace(/^insert into \S+/, `insert into ${inbox}`));
  const { id } = await store
    .tables()
    .selectFrom('inbox')
    .select((eb) => eb.fn.max('id').as('id'))
    .executeTakeFirstOrThrow();
  return id;
}

const rows = () => store.tables().selectFrom('inbox').selectAll().orderBy('id').execute();

describe.each(STORES)('$name:', (kind) => {
  kind.describe('the inbox', () => {
    beforeEach(async () => {
      inbox = kind.inbox;
      database = await kind.database();
      store = await database.open();
    });

    describe('a commit for a row of the inbox', () => {
      test('removes it', async () => {
        const id = await insert();
        const outcome = await store.commit({ ...startOf(1), inbox: { id, answer: null } });
        expect(outcome).toEqual({ kind: 'committed', seq: 1 });
        expect(await rows()).toEqual([]);
      });

      test('writes the answer where somebody waits for one', async () => {
        const id = await insert({ request: 'r-1' });
        await store.commit({ ...startOf(1), inbox: { id, answer: '{"kind":"turn","seq":1}' } });
        expect(await rows()).toMatchObject([{ id, settled_at: 1_002 }]);
        expect(await store.inbox.answers(['r-1', 'r-2'])).toEqual([
          { request: 'r-1', answer: '{"kind":"turn","seq":1}' },
        ]);
      });

      test('that is gone writes nothing, and the rest of the batch goes through', async () => {
        const id = await insert();
        await store.commit(startOf(1));
        const gone = { inbox: { id: id + 1, answer: null } };
        const outcomes = await Promise.all([
          store.commit({
            ...turnOf(1, 2, { outbox: [{ index: 0, event: 'e', data: '{}' }] }),
            ...gone,
          }),
          store.commit({ ...startOf(2), ...gone }),
          store.commit({ ...startOf(3), inbox: { id, answer: null } }),
          store.commit({ ...startOf(4), inbox: { id, answer: null } }),
        ]);
        expect(outcomes).toEqual([
          { kind: 'withdrawn' },
          { kind: 'withdrawn' },
          { kind: 'committed', seq: 2 },
          { kind: 'withdrawn' },
        ]);
        expect((await store.loadBySid(1))?.seq).toBe(1);
        expect(await store.pendingMessages(0, 10)).toEqual([]);
        expect(await store.loadBySid(2)).toBeNull();
        expect(await rows()).toEqual([]);
      });

      test('that finds its key taken leaves the row where it is', async () => {
        const birth = { key: 'k', inputHash: 'h' };
        await store.commit(startOf(1, { birth }));
        const id = await insert();
        const outcome = await store.commit({
          ...startOf(2, { birth }),
          inbox: { id, answer: null },
        });
        expect(outcome).toMatchObject({ kind: 'key-taken' });
        expect((await store.inbox.waiting(0, 10)).map((row) => row.id)).toEqual([id]);
      });

      test('that finds its saga changed leaves the row where it is', async () => {
        await store.commit(startOf(1));
        const id = await insert();
        const outcome = await store.commit({ ...turnOf(1, 3), inbox: { id, answer: null } });
        expect(outcome).toEqual({ kind: 'stale', storedSeq: 1 });
        expect((await store.inbox.waiting(0, 10)).map((row) => row.id)).toEqual([id]);
      });
    });

    describe('what waits', () => {
      test('is read by id, and by page', async () => {
        const ids = [
          await insert(),
          await insert(),
          await insert(),
          await insert(),
          await insert(),
        ];
        const first = await store.inbox.waiting(0, 3);
        expect(first.map(({ id }) => id)).toEqual(ids.slice(0, 3));
        expect((await store.inbox.waiting(ids[2] ?? 0, 3)).map(({ id }) => id)).toEqual(
          ids.slice(3),
        );
      });

      test('is read a few at a time where it is long, and one at least', async () => {
        const payload = JSON.stringify('x'.repeat(1_048_574));
        for (let count = 0; count < 6; count++) await insert({ payload });
        expect((await store.inbox.waiting(0, 100)).length).toBe(4);
      });

      test.each([
        ['a kind that nobody knows', { kind: 'begin' }],
        ['no target', { target: '' }],
        ['a payload that is no JSON', { payload: '{' }],
        ['a payload that is too long', { payload: JSON.stringify('x'.repeat(1_048_575)) }],
        ['a key that is too long', { key: 'k'.repeat(256) }],
        ['options that are no JSON', { options: '{' }],
      ])('has no row with %s: whoever writes one is refused', async (_, values) => {
        await expect(insert(values)).rejects.toThrow(/constraint|invalid input syntax/);
      });

      test('never has the id of a row that was there before', async () => {
        const id = await insert();
        await store.commit({ ...startOf(1), inbox: { id, answer: null } });
        expect(await insert()).toBeGreaterThan(id);
      });
    });

    describe('settled rows', () => {
      const settle = async (id: number, answer: string, atMs: number) =>
        store.write([store.inbox.settling(id, answer, atMs)]);

      test('are counted apart from those that wait, answers apart from refusals', async () => {
        await settle(await insert({ request: 'r' }), '{}', 10);
        await settle(await insert(), '{}', 10);
        const id = await insert({ created_at: 5 });
        expect(await store.inbox.figures()).toEqual({
          waiting: 1,
          oldestAtMs: 5,
          refused: 1,
          answers: 1,
        });
        expect((await store.inbox.refused(10)).length).toBe(1);
        expect((await settle(id, '{}', 10)).kind).toBe('committed');
        const again = await settle(id, '{"other":1}', 20);
        expect(again).toEqual({ kind: 'committed', changes: [0] });
      });

      test('go when they are old, refused ones also when there are too many', async () => {
        for (const atMs of [10, 20, 30, 40]) await settle(await insert(), '{}', atMs);
        for (const atMs of [10, 40])
          await settle(await insert({ request: `r${atMs}` }), '{}', atMs);
        const waiting = await insert();
        const age = { answeredBeforeMs: 35, refusedBeforeMs: 15, refusedKept: 2 };
        await store.write(store.inbox.clearing(age));
        const left = (await rows()).map(({ settled_at, request }) => [settled_at, request]);
        expect(left).toEqual([
          [30, null],
          [40, null],
          [40, 'r40'],
          [null, null],
        ]);
        expect((await store.inbox.waiting(0, 10)).map(({ id }) => id)).toEqual([waiting]);
      });
    });

    describe('whoever listens', () => {
      const told = () => new Promise<void>((resolve) => void store.onNews(resolve));

      test('hears of a row that a transactional activity wrote', async () => {
        const hears = told();
        const statement = {
          sql: `INSERT INTO ${inbox} (kind, target, payload) VALUES ('start', 'order', '{}')`,
          parameters: [],
        };
        await store.commit(startOf(1, { statements: [statement] }));
        await hears;
        expect((await store.inbox.waiting(0, 10)).length).toBe(1);
      });
    });
  });
});
