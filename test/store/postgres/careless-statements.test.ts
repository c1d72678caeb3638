/** Statements of participants that reach further than a statement should. */
import { expect, it } from 'vitest';
import { connectTo, describeOnPostgres } from '../../postgres/databases.ts';
import { postgresStoreDatabase } from '../../postgres/postgres-store.ts';
import { startOf, turnOf } from '../saga-commits.ts';

async function storeWithItems() {
  const database = await postgresStoreDatabase();
  await database.exec(`CREATE TABLE items (name text PRIMARY KEY, amount integer);
    INSERT INTO items VALUES ('pen', 1)`);
  const store = database.open();
  await store.own();
  return { database, store };
}

describeOnPostgres("a participant's statement", () => {
  it('cannot weaken the commit that it is part of, nor the plans of the engine', async () => {
    const { database, store } = await storeWithItems();
    // What is in force as the engine's own rows are written.
    await database.exec(`CREATE TABLE seen (setting text);
      CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO seen SELECT name || '=' || setting FROM pg_settings WHERE name IN
          ('synchronous_commit', 'lock_timeout', 'statement_timeout', 'enable_seqscan');
        RETURN NULL; END $$;
      CREATE TRIGGER look AFTER INSERT ON backstep.journal EXECUTE FUNCTION look()`);
    const weaken = {
      sql: `INSERT INTO items SELECT set_config('synchronous_commit', 'off', true)
        || set_config('lock_timeout', '0', true) || set_config('enable_seqscan', 'on', true), 1`,
      parameters: [],
    };
    expect(await store.commit(startOf(1, { statements: [weaken] }))).toMatchObject({
      kind: 'committed',
    });
    expect(await database.query('SELECT setting FROM seen ORDER BY setting')).toEqual([
      ['enable_seqscan=off'],
      ['lock_timeout=2000'],
      ['statement_timeout=0'],
      ['synchronous_commit=on'],
    ]);
  });

  it('that takes too long is rejected, and others go through', async () => {
    const { store } = await storeWithItems();
    const slow = {
      sql: 'UPDATE items SET amount = 2 WHERE pg_sleep(60) IS NOT NULL',
      parameters: [],
    };
    const outcomes = await Promise.all([
      store.commit(startOf(1, { statements: [slow] })),
      store.commit(startOf(2)),
    ]);
    expect(outcomes).toMatchObject([
      { kind: 'rejected', message: expect.stringMatching(/statement timeout/) as string },
      { kind: 'committed' },
    ]);
  });

  it('binds values as pg binds them', async () => {
    const { database, store } = await storeWithItems();
    await database.exec(`CREATE TABLE kinds (who text, at timestamptz, words text[], grid bigint[],
      doc jsonb, bytes bytea, price numeric, isOn boolean, big bigint, nothing text)`);
    const values = [
      new Date(1_700_000_000_123),
      ['a "quoted" \\ word', null, 'NULL', ''],
      [
        [1, 2],
        [3, 4],
      ],
      { text: 'π', list: [1, { deep: true }] },
      Buffer.from([0, 1, 255]),
      12.5,
      true,
      2n ** 62n,
      null,
    ];
    const sql = `INSERT INTO kinds VALUES ($1, ${values.map((_, index) => `$${index + 2}`).join(', ')})`;
    await store.write([{ sql, parameters: ['ours', ...values] }]);
    const client = await connectTo(database.url);
    await client.query(sql, ["pg's", ...values]);
    const rows = await database.query(
      'SELECT at, words, grid, doc, bytes, price, isOn, big, nothing FROM kinds',
    );
    expect(rows).toHaveLength(2);
    expect(rows[0]).toEqual(rows[1]);
  });

  it('goes on after its table was changed', async () => {
    const { database, store } = await storeWithItems();
    const all = { sql: 'UPDATE items SET amount = amount + 1 RETURNING *', parameters: [] };
    expect(await store.write([all])).toEqual({ kind: 'committed', changes: [1] });
    await database.exec('ALTER TABLE items ADD COLUMN colour text');
    expect(await store.write([all])).toEqual({ kind: 'committed', changes: [1] });
  });

  it('that failed often and works again costs nobody else anything', async () => {
    const { database, store } = await storeWithItems();
    const put = (name: string) => ({
      sql: 'INSERT INTO items VALUES ($1, 1)',
      parameters: [name],
    });
    const sids = Array.from({ length: 100 }, (_, index) => index + 1);
    const outcomes = await Promise.all(
      sids.map((sid) =>
        store.commit(startOf(sid, { statements: [put(sid % 3 === 0 ? 'pen' : `item ${sid}`)] })),
      ),
    );
    expect(outcomes.map(({ kind }) => kind)).toEqual(
      sids.map((sid) => (sid % 3 === 0 ? 'rejected' : 'committed')),
    );
    const second = await Promise.all(
      sids
        .filter((sid) => sid % 3 !== 0)
        .map((sid) => store.commit(turnOf(sid, 2, { statements: [put(`more ${sid}`)] }))),
    );
    expect(second.map(({ kind }) => kind)).toEqual(second.map(() => 'committed'));
    expect(await database.query('SELECT count(*)::int FROM items')).toEqual([[135]]);
  });
});
