/** Database files that removal has left mostly free, and what gives that back. */
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { compactDatabase } from '../../../src/host/upkeep/compaction.ts';
import { openBackstep } from '../../../src/runtime/open-backstep.ts';
import { createServer } from '../../../src/server.ts';
import { migrateDatabase } from '../../../src/store/migrate-database.ts';
import { jsonOf, typed } from '../../cli/typed-commands.ts';
import { connect, temporaryDatabase } from '../../store/store-fixture.ts';
import { seatSaga } from './seat-saga.ts';

const MIB = 1_048_576;

async function seats(database: string) {
  const backstep = await openBackstep({ database });
  backstep.register(seatSaga, {
    activities: { book: ({ seat }) => ({ seat }), free: () => {}, tell: () => {} },
  });
  await backstep.start();
  onTestFinished(() => backstep.stop({ within: 0 }));
  return backstep;
}

/** A file of `mebibytes` of which a participant has removed all but every hundredth row. */
async function mostlyFree(mebibytes = 8): Promise<string> {
  const database = temporaryDatabase();
  await migrateDatabase(database);
  const db = new Database(database);
  db.exec('CREATE TABLE mine (id INTEGER PRIMARY KEY, text TEXT) STRICT');
  const insert = db.prepare('INSERT INTO mine (text) VALUES (?)');
  const text = 'x'.repeat(1_000);
  db.transaction(() => {
    for (let left = (mebibytes * MIB) / 1_000; left > 0; left -= 1) insert.run(text);
  })();
  db.exec('DELETE FROM mine WHERE id % 100 <> 0');
  db.close();
  return database;
}

test('what is free goes back to the disk, and sagas go on as if nothing had been', async () => {
  const database = await mostlyFree();
  const before = await seats(database);
  const { id } = await before.spawn(seatSaga, { input: { seat: '1' }, key: 'one' });
  await before.saga(id).settled();
  const scrape = async (engine: typeof before) =>
    (await createServer({ backstep: engine }).app.request('/metrics')).text();
  const sizes = (text: string) =>
    ['', 'free_'].map((part) =>
      Number(new RegExp(`^backstep_database_${part}bytes (\\d+)$`, 'm').exec(text)?.[1]),
    );
  const [whole = 0, free = 0] = sizes(await scrape(before));
  expect(whole).toBeGreaterThan(8 * MIB);
  expect(free).toBeGreaterThan(7 * MIB);
  await before.stop({ within: 0 });

  const ran = await typed(['compact', '--db', database]);
  expect(ran).toMatchObject({ code: 0, err: '' });
  expect(ran.out).toMatch(/^compacted .*saga\.db: [\d,]{9,} bytes, now [\d,]{7}\n$/);
  expect(statSync(database).size).toBeLessThan(MIB);
  expect(existsSync(`${database}-wal`)).toBe(false);
  expect(jsonOf(await typed(['compact', '--db', database, '--json']))).toMatchObject({
    path: database,
    isShrinkingLater: false,
  });

  const after = await seats(database);
  // The same database, no copy of it: cursors and keys are as good as before.
  expect(after.health()).not.toHaveProperty('restored');
  expect((await after.spawn(seatSaga, { input: { seat: '1' }, key: 'one' })).id).toBe(id);
  const [, left] = sizes(await scrape(after));
  expect(left).toBeLessThan(MIB);
  await after.stop({ within: 0 });
  const doctor = await typed([
    'doctor',
    join(import.meta.dirname, 'seat-saga.ts'),
    '--db',
    database,
  ]);
  expect(doctor.code).toBe(0);
});

test('it is refused while an engine has the file, and where there is no database of ours', async () => {
  const database = await mostlyFree(1);
  const backstep = await seats(database);
  const compact = (path: string) => compactDatabase({ database: path, lockWaitMs: 0 });
  await expect(compact(database)).rejects.toThrow('owns this database');
  await backstep.stop({ within: 0 });
  const beside = (name: string) => join(dirname(database), name);
  await expect(compact(beside('nowhere.db'))).rejects.toThrow('there is no such file');
  expect(existsSync(beside('nowhere.db'))).toBe(false);
  writeFileSync(beside('empty.db'), '');
  await expect(compact(beside('empty.db'))).rejects.toThrow('there is nothing in it');
  writeFileSync(beside('text.db'), 'no database at all, and long enough to be looked at'.repeat(9));
  await expect(compact(beside('text.db'))).rejects.toThrow('file is not a database');
  const foreign = new Database(beside('foreign.db'));
  foreign.exec('CREATE TABLE mine (x)');
  foreign.close();
  await expect(compact(beside('foreign.db'))).rejects.toThrow('a database of another program');
  expect(existsSync(beside('foreign.db.lock'))).toBe(false);
  await expect(compact('postgres://db/shop')).rejects.toThrow('do it with VACUUM FULL');
});

test('beside somebody who looks at the file it shrinks once they have left', async () => {
  const database = await mostlyFree();
  const looking = connect(database);
  looking.exec('BEGIN');
  const rows = () => looking.prepare('SELECT count(*) FROM mine').pluck().get();
  const seen = rows();
  const ran = await typed(['compact', '--db', database]);
  expect(ran).toMatchObject({ code: 0 });
  expect(ran.err).toContain('it shrinks once they have left');
  expect(rows()).toBe(seen);
  looking.exec('COMMIT');
  looking.close();
  expect(statSync(database).size).toBeLessThan(MIB);
});

test('what another program writes meanwhile waits, and is there afterwards', async () => {
  const database = await mostlyFree(32);
  const other = connect(database);
  const write = other.prepare("INSERT INTO mine (text) VALUES ('meanwhile')");
  const written = () =>
    other.prepare("SELECT count(*) FROM mine WHERE text = 'meanwhile'").pluck().get();
  let count = 0;
  const over = new AbortController();
  const compacted = compactDatabase({ database }).finally(() => over.abort());
  while (!over.signal.aborted) {
    write.run();
    count += 1;
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { bytesBefore, bytes } = await compacted;
  expect(bytes).toBeLessThan(bytesBefore / 2);
  expect(written()).toBe(count);
});
