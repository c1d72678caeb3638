/** Reads from PostgreSQL that can neither write nor take for ever. */
import { sql } from 'kysely';
import { expect, it, onTestFinished, vi } from 'vitest';
import { ReadPool } from '../../../src/store/postgres/reader/read-pool.ts';
import { connectTo, describeOnPostgres, postgresDatabase } from '../../postgres/databases.ts';

const SLOW = sql`SELECT pg_sleep(60)`;

async function openPool({ connections = 2, timeLimitMs = 2_000 } = {}) {
  const { url } = await postgresDatabase();
  const client = await connectTo(url);
  await client.query(
    "CREATE TABLE items (name text, amount bigint); INSERT INTO items VALUES ('pen', 9007199254740991)",
  );
  const pool = new ReadPool(url, { connections, timeLimitMs });
  onTestFinished(() => pool.close());
  const db = pool.kysely<{ items: { name: string; amount: number } }>();
  return { url, pool, db, client, items: () => db.selectFrom('items').selectAll().execute() };
}

const PEN = { name: 'pen', amount: Number.MAX_SAFE_INTEGER };

describeOnPostgres('a lane of reads', () => {
  it('gives values as the engine knows them', async () => {
    const { db, items } = await openPool();
    expect(await items()).toEqual([PEN]);
    const row = sql`SELECT count(*) AS count, true AS yes, NULL AS nothing, ${3} + 1 AS sum,
      ${'π'}::text AS text FROM items`;
    expect((await row.execute(db)).rows).toEqual([
      { count: 1, yes: true, nothing: null, sum: 4, text: 'π' },
    ]);
  });

  it('cannot write, in any way', async () => {
    const { db, items, client } = await openPool({ connections: 1 });
    await client.query(
      'CREATE SEQUENCE numbers; CREATE FUNCTION wipe() RETURNS int LANGUAGE sql AS $$DELETE FROM items; SELECT 1$$',
    );
    await expect(db.deleteFrom('items').execute()).rejects.toThrow(/only reads/);
    const returning = db.updateTable('items').set({ amount: 9 }).returning('name');
    await expect(returning.execute()).rejects.toThrow(/only reads/);
    for (const text of [
      'WITH gone AS (DELETE FROM items RETURNING 1) SELECT * FROM gone',
      "SELECT nextval('numbers')",
      'SELECT wipe()',
      'SELECT 1 AS one INTO others',
      'CREATE TABLE a (b int)',
      'SET default_transaction_read_only = off',
      'BEGIN',
      'COPY items TO STDOUT',
      'SELECT 1; DELETE FROM items',
    ]) {
      await expect(sql.raw(text).execute(db)).rejects.toThrow(/only reads|multiple commands/);
    }
    await sql`SELECT set_config('default_transaction_read_only', 'off', false)`.execute(db);
    const loosened = sql`SELECT set_config('transaction_read_only', 'off', true)`.execute(db);
    await expect(loosened).rejects.toThrow(/before any query/);
    await expect(sql`SELECT wipe()`.execute(db)).rejects.toThrow(/only reads/);
    const transaction = db.transaction().execute(() => Promise.resolve());
    await expect(transaction).rejects.toThrow(/no transactions/);
    expect(await items()).toEqual([PEN]);
  });

  it('tells what is wrong with a query and answers the next one', async () => {
    const { pool, db, items } = await openPool({ connections: 1 });
    await expect(sql`SELECT * FROM nothing`.execute(db)).rejects.toThrow(
      /"nothing" does not exist/,
    );
    await expect(pool.query('SELECT $1', [() => 1])).rejects.toThrow(/cannot be sent/);
    const many = (count: number) =>
      sql`SELECT * FROM generate_series(1, ${count}::int)`.execute(db);
    await expect(many(50_001)).rejects.toThrow(/at most 50000 rows/);
    expect((await many(50_000)).rows).toHaveLength(50_000);
    expect(await items()).toEqual([PEN]);
  });

  it('finds nothing by a text that cannot be stored', async () => {
    const { db } = await openPool();
    for (const name of ['pen\0', '\0', 'pen\ud800']) {
      expect(await db.selectFrom('items').where('name', '=', name).execute()).toEqual([]);
    }
  });

  it('gives a slow query up and goes on with those that wait for it', async () => {
    const { db, items } = await openPool({ connections: 1, timeLimitMs: 300 });
    const slow = SLOW.execute(db);
    const next = items();
    await expect(slow).rejects.toMatchObject({ code: 'unavailable' });
    await expect(slow).rejects.toThrow(/longer than 300 ms/);
    expect(await next).toEqual([PEN]);
  });

  it('loses what is under way with its connection, and nothing after it', async () => {
    const { db, items, client } = await openPool({ timeLimitMs: 20_000 });
    const slow = Promise.allSettled([SLOW.execute(db), SLOW.execute(db)]);
    const kill = `SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid() AND datname = current_database()`;
    // One that is killed may be met again on its way out.
    for (const killed = new Set<number>(); killed.size < 2;) {
      for (const { pid } of (await client.query<{ pid: number }>(kill)).rows) killed.add(pid);
    }
    const lost = { status: 'rejected', reason: { code: 'unavailable' } };
    expect(await slow).toMatchObject([lost, lost]);
    expect(await Promise.all([items(), items(), items()])).toEqual([[PEN], [PEN], [PEN]]);
  });

  it('has no more connections than it may, however much is asked', async () => {
    const { url, items, client } = await openPool({ connections: 3, timeLimitMs: 20_000 });
    const holder = await connectTo(url);
    await holder.query('BEGIN; LOCK TABLE items');
    const all = Promise.all(Array.from({ length: 40 }, () => items()));
    const counted = async (): Promise<unknown> => {
      const { rows } = await client.query(
        `SELECT count(*)::int AS count, count(*) FILTER (WHERE wait_event_type = 'Lock')::int AS held
         FROM pg_stat_activity
         WHERE application_name = 'backstep-reader' AND datname = current_database()`,
      );
      return rows[0];
    };
    await vi.waitFor(async () => expect(await counted()).toEqual({ count: 3, held: 3 }), 20_000);
    await holder.query('COMMIT');
    expect(await all).toHaveLength(40);
    expect(await counted()).toEqual({ count: 3, held: 0 });
  });

  it('refuses more than may wait, and everything once it is closed', async () => {
    const { pool, db } = await openPool({ connections: 1, timeLimitMs: 20_000 });
    const slow = SLOW.execute(db);
    const reads = Array.from({ length: 10_001 }, () => pool.query('SELECT 1', []));
    await expect(reads.at(-1)).rejects.toMatchObject({ code: 'overloaded' });
    await pool.close();
    const ended = await Promise.allSettled([slow, ...reads.slice(0, -1)]);
    const reasons = ended.map((read) => (read.status === 'rejected' ? String(read.reason) : ''));
    expect(new Set(reasons)).toEqual(new Set(['BackstepError: the store is closed']));
    await expect(pool.query('SELECT 1', [])).rejects.toThrow(/the store is closed/);
  });

  it('tells that the server cannot be reached, and tries again with the next query', async () => {
    const pool = new ReadPool('postgres://nobody@127.0.0.1:1/none', {
      connections: 2,
      timeLimitMs: 1_000,
    });
    onTestFinished(() => pool.close());
    for (const _ of [1, 2]) {
      await expect(pool.query('SELECT 1', [])).rejects.toMatchObject({ code: 'unavailable' });
    }
  });
});
