/**
 * Rows of a participant that somebody else holds: what wants them waits and comes again; nothing
 * else does.
 */
import { expect, it } from 'vitest';
import { connectTo, describeOnPostgres } from '../../postgres/databases.ts';
import { postgresStoreDatabase } from '../../postgres/postgres-store.ts';
import { startOf, turnOf } from '../saga-commits.ts';

const take = (name: string) => ({
  sql: 'UPDATE items SET amount = amount - 1 WHERE name = $1',
  parameters: [name],
  expect: { changes: 1, code: 'OutOfStock', message: `no ${name}` },
});

async function lockedItems() {
  const database = await postgresStoreDatabase();
  await database.exec(`CREATE TABLE items (name text PRIMARY KEY, amount integer);
    INSERT INTO items VALUES ('pen', 50), ('ink', 50)`);
  const store = database.open();
  await store.own();
  const other = await connectTo(database.url);
  await other.query("BEGIN; SELECT 1 FROM items WHERE name = 'pen' FOR UPDATE");
  return { database, store, other };
}

describeOnPostgres('a row that somebody else has locked', () => {
  it('delays the turns that want it, and no others', async () => {
    const { database, store, other } = await lockedItems();
    let isReleased = false;
    const sids = Array.from({ length: 20 }, (_, index) => index + 1);
    const held = sids.map(async (sid) => {
      const outcome = await store.commit(startOf(sid, { statements: [take('pen')] }));
      expect(isReleased).toBe(true);
      return outcome;
    });
    for (let seq = 1; seq < 10; seq += 1) {
      const outcomes = await Promise.all([
        store.commit(seq === 1 ? startOf(100) : turnOf(100, seq)),
        store.commit(startOf(200 + seq, { statements: [take('ink')] })),
      ]);
      expect(outcomes.map(({ kind }) => kind)).toEqual(['committed', 'committed']);
    }
    expect(store.health()).toEqual({ kind: 'ready' });
    isReleased = true;
    await other.query('COMMIT');
    const outcomes = await Promise.all(held);
    expect(outcomes.map(({ kind }) => kind)).toEqual(sids.map(() => 'committed'));
    expect(await database.query('SELECT name, amount FROM items ORDER BY name')).toEqual([
      ['ink', 41],
      ['pen', 30],
    ]);
  });

  it('is waited for by a store that closes', async () => {
    const { database, store, other } = await lockedItems();
    const write = store.write([take('pen')]);
    const closed = store.close(true);
    await other.query('COMMIT');
    expect(await write).toEqual({ kind: 'committed', changes: [1] });
    await closed;
    expect(await database.query("SELECT amount FROM items WHERE name = 'pen'")).toEqual([[49]]);
  });

  it('is waited for shortly once one of the batch has waited in vain', async () => {
    const { database, store, other } = await lockedItems();
    await database.exec(`CREATE TABLE seen (who text, waits text);
      CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO seen VALUES (TG_TABLE_NAME, current_setting('lock_timeout'));
        RETURN NEW; END $$;
      CREATE TRIGGER look BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION look();
      CREATE TRIGGER look AFTER INSERT ON backstep.journal EXECUTE FUNCTION look()`);
    // Starts with keys have their statements tried one by one.
    const start = (sid: number, name: string) =>
      store.commit(
        startOf(sid, { birth: { key: `key-${sid}`, inputHash: 'h' }, statements: [take(name)] }),
      );
    const held = start(1, 'pen');
    const outcomes = await Promise.all([store.commit(startOf(2)), start(3, 'ink')]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(['committed', 'committed']);
    expect(await database.query('SELECT who, waits FROM seen ORDER BY waits')).toEqual([
      ['items', '10ms'],
      ['journal', '2s'],
      ['journal', '2s'],
    ]);
    await other.query('COMMIT');
    expect((await held).kind).toBe('committed');
  });

  it('of the engine itself stalls the store until it is free', async () => {
    const { database, store } = await lockedItems();
    await store.commit(startOf(1));
    const other = await connectTo(database.url);
    await other.query('BEGIN; SELECT 1 FROM backstep.sagas WHERE sid = 1 FOR UPDATE');
    const stalled = Promise.withResolvers<string>();
    store.onHealth((health) => {
      if (health.kind === 'stalled') stalled.resolve(health.reason);
    });
    const commit = store.commit(turnOf(1, 2));
    expect(await stalled.promise).toMatch(/lock timeout/);
    await other.query('COMMIT');
    expect(await commit).toEqual({ kind: 'committed', seq: 2 });
    expect(store.health()).toEqual({ kind: 'ready' });
  });
});
