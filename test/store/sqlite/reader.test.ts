/** Reads that can neither write nor take for ever. */
import { Worker } from 'node:worker_threads';
import { sql } from 'kysely';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Reader } from '../../../src/store/sqlite/reader/reader.ts';
import { openTestStore, startOf } from '../store-fixture.ts';

const SLOW = sql`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 8000000)
  SELECT count(*) AS count FROM n`;
const MANY = sql`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
  SELECT i FROM n`;

describe('a reader', () => {
  it('sees a turn as soon as it is committed', async () => {
    const store = await openTestStore();
    for (let sid = 1; sid <= 20; sid += 1) {
      await store.commit(startOf(sid));
      expect(await store.sidOf(`saga-${String(sid).padStart(6, '0')}`)).toBe(sid);
    }
  });

  it('cannot write, in any way', async () => {
    const store = await openTestStore();
    await store.commit(startOf(1));
    const db = store.reader();
    await expect(db.deleteFrom('sagas').execute()).rejects.toThrow(/only reads/);
    const returning = db.updateTable('sagas').set({ seq: 9 }).returning('sid');
    await expect(returning.execute()).rejects.toThrow(/only reads/);
    await expect(sql`PRAGMA query_only = OFF`.execute(db)).rejects.toThrow(/only reads/);
    await expect(sql`CREATE TABLE a (b)`.execute(db)).rejects.toThrow(/only reads/);
    const transaction = db.transaction().execute(() => Promise.resolve());
    await expect(transaction).rejects.toThrow(/no transactions/);
    expect(await store.loadBySid(1)).toMatchObject({ seq: 1 });
  });

  it('tells what is wrong with a query and answers the next one', async () => {
    const store = await openTestStore();
    const db = store.reader<{ nothing: { a: number } }>();
    await expect(db.selectFrom('nothing').selectAll().execute()).rejects.toThrow(/nothing/);
    const unsendable = sql`SELECT ${sql.val({ call: () => 1 })}`;
    await expect(unsendable.execute(db)).rejects.toThrow(/cannot be sent/);
    await expect(MANY.execute(db)).rejects.toThrow(/at most 50000 rows/);
    expect((await sql`SELECT 1 AS one`.execute(db)).rows).toEqual([{ one: 1 }]);
  });

  it('gives a slow query up, goes on with the next, and never holds the engine up', async () => {
    const store = await openTestStore({ readTimeLimitMs: 300 });
    await store.commit(startOf(1));
    const db = store.reader();
    await db.selectFrom('sagas').select('sid').execute();
    const slow = SLOW.execute(db);
    const next = db.selectFrom('sagas').select('sid').execute();
    await expect(slow).rejects.toMatchObject({ code: 'unavailable' });
    await expect(next).resolves.toEqual([{ sid: 1 }]);
    expect(await store.loadBySid(1)).not.toBeNull();
    expect(await store.commit(startOf(2))).toMatchObject({ kind: 'committed' });
  });

  it('is not ended before it has loaded SQLite, which would end the process', async () => {
    const emitted = vi.spyOn(Worker.prototype, 'emit');
    const ended = vi.spyOn(Worker.prototype, 'terminate');
    onTestFinished(() => void vi.restoreAllMocks());
    const reader = new Reader({ realPath: 'none.db' }, 1_000);
    const read = reader.query('SELECT 1', []);
    await Promise.all([expect(read).rejects.toThrow(/closed/), reader.close()]);
    const loaded = emitted.mock.calls.findIndex(([name]) => name === 'message');
    const [endedAt = 0] = ended.mock.invocationCallOrder;
    expect(emitted.mock.invocationCallOrder[loaded]).toBeLessThan(endedAt);
  });

  it('lists wake-ups by due time, then by saga, page by page', async () => {
    const store = await openTestStore();
    const dueMs = [5, 0, null, 5, 90];
    await Promise.all(
      dueMs.map((wakeAtMs, index) => store.commit(startOf(index + 1, { saga: { wakeAtMs } }))),
    );
    const first = await store.wakes(50, null, 2);
    expect(first).toEqual([
      { sid: 2, wakeAtMs: 0 },
      { sid: 1, wakeAtMs: 5 },
    ]);
    expect(await store.wakes(50, first.at(-1) ?? null, 2)).toEqual([{ sid: 4, wakeAtMs: 5 }]);
    expect(await store.wakes(100, { sid: 4, wakeAtMs: 5 }, 2)).toEqual([{ sid: 5, wakeAtMs: 90 }]);
  });
});
