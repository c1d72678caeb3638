/** Which files are opened, which are refused, and what a migration leaves behind. */
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { APPLICATION_ID, isAtLeast } from '../../../src/store/sqlite/database-file.ts';
import { migrateDatabase } from '../../../src/store/migrate-database.ts';
import { openWriterConnection } from '../../../src/store/sqlite/writer/writer-connection.ts';
import {
  connect,
  openTestStore,
  startOf,
  temporaryDatabase,
  temporaryFolder,
} from '../store-fixture.ts';

function migrationsFolder(files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

const createTable = (name: string) =>
  `export const up = (db) => db.schema.createTable('${name}').addColumn('a', 'integer').execute();`;

const tablesOf = (db: Database.Database) =>
  db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all();

describe('a database that is migrated', () => {
  it('is created by the first run and left alone by the second', async () => {
    const path = temporaryDatabase();
    expect(await migrateDatabase(path)).toContain('0001-engine');
    expect(await migrateDatabase(path)).toEqual([]);
    const db = connect(path);
    expect(db.pragma('application_id', { simple: true })).toBe(APPLICATION_ID);
    expect(db.pragma('page_size', { simple: true })).toBe(2048);
    expect(db.pragma('journal_mode', { simple: true })).toBe('wal');
  });

  it('is readable by its owner only, with everything beside it', async () => {
    const path = temporaryDatabase();
    const store = await openTestStore({ path });
    await store.commit(startOf(1));
    const folder = join(path, '..');
    const modes = readdirSync(folder).map((name) => statSync(join(folder, name)).mode & 0o777);
    expect(modes).toEqual(Array(4).fill(0o600));
  });

  it("gets participants' tables from a folder of their own, also later on", async () => {
    const path = temporaryDatabase();
    await migrateDatabase(path);
    const folder = migrationsFolder({
      '0000-early.ts': createTable('early'),
      '0900-late.js': createTable('late'),
    });
    const ran = await migrateDatabase(path, { migrationsFolder: folder });
    expect(ran).toEqual(['0000-early', '0900-late']);
    expect(tablesOf(connect(path))).toEqual(expect.arrayContaining(['early', 'late', 'sagas']));
  });

  it("has the engine's tables only, unless it is given others", async () => {
    const path = temporaryDatabase();
    await migrateDatabase(path);
    const tables = tablesOf(connect(path));
    expect(tables).toContain('sagas');
    for (const demo of ['products', 'payments', 'trip_places', 'bank_accounts', 'lab_runs']) {
      expect(tables).not.toContain(demo);
    }
  });

  it('never passes over an own file because of its name', async () => {
    const path = temporaryDatabase();
    const text = createTable('seats');
    for (const [name, files] of [
      ['0001-engine.ts', {}],
      ['0001-engine.js', {}],
      ['0100-seats.ts', { '0100-seats.js': text }],
      ['100-seats.ts', {}],
      ['00100-seats.ts', {}],
      ['0100_seats.ts', {}],
      ['0100-Seats.ts', {}],
      ['0100-seats.mjs', {}],
      ['0100-seats.sql', {}],
      ['0100-seats.test.ts', {}],
      ['0100seats.ts', {}],
      ['0100-', {}],
      ['20260101-seats.js', {}],
      ['seats.ts', { '0100-other.ts': text }],
    ] as const) {
      const folder = migrationsFolder({ [name]: text, ...files });
      const migrating = migrateDatabase(path, { migrationsFolder: folder });
      await expect(migrating).rejects.toMatchObject({ code: 'storage-refused' });
      await expect(migrating).rejects.toThrow(join(folder, name));
    }
    expect(tablesOf(connect(path))).toEqual([]);
  });

  it('lets lie what only stands beside migrations', async () => {
    const path = temporaryDatabase();
    const folder = migrationsFolder({
      '0100-seats.js': createTable('seats'),
      '0100-seats.d.ts': '',
      '0100-seats.js.map': '{}',
      'README.md': '0101 comes next',
      '.keep': '',
    });
    mkdirSync(join(folder, 'drafts'));
    expect(await migrateDatabase(path, { migrationsFolder: folder })).toContain('0100-seats');
  });

  it('is as before when one of the files fails', async () => {
    const path = temporaryDatabase();
    await migrateDatabase(path);
    const folder = migrationsFolder({
      '0900-good.ts': createTable('good'),
      '0901-bad.ts': "export const up = () => { throw new Error('no luck'); };",
    });
    const migrating = migrateDatabase(path, { migrationsFolder: folder });
    await expect(migrating).rejects.toMatchObject({ code: 'storage-refused' });
    await expect(migrating).rejects.toThrow(/0901-bad failed: no luck/);
    expect(tablesOf(connect(path))).not.toContain('good');
  });

  it('is not migrated beside a running engine', async () => {
    const path = temporaryDatabase();
    await openTestStore({ path });
    const migrating = migrateDatabase(path, { lockWaitMs: 0 });
    await expect(migrating).rejects.toThrow(/this process owns this database already/);
  });
});

describe('a database that is refused', () => {
  it('names a missing folder of migrations, and a file without a migration', async () => {
    const path = temporaryDatabase();
    const missing = join(temporaryFolder(), 'none');
    await expect(migrateDatabase(path, { migrationsFolder: missing })).rejects.toThrow(missing);
    const folder = migrationsFolder({ '0900-empty.ts': 'export const down = 1;' });
    await expect(migrateDatabase(path, { migrationsFolder: folder })).rejects.toThrow(/0900-empty/);
    const above = temporaryFolder();
    mkdirSync(join(above, 'mine'));
    const migrating = migrateDatabase(path, { migrationsFolder: above });
    await expect(migrating).rejects.toThrow(`${above}: no migration is in it, only folders`);
  });

  it.each([
    ['short', 'hello'],
    ['long', 'no database '.repeat(10_000)],
  ])('is a %s file that is not SQLite, and stays as it is', async (_, text) => {
    const path = temporaryDatabase();
    writeFileSync(path, text);
    const opening = openTestStore({ path });
    await expect(opening).rejects.toMatchObject({ code: 'storage-refused' });
    await expect(opening).rejects.toThrow(path);
    expect(statSync(path).size).toBe(text.length);
  });

  it("is another program's, by its id or by its tables, and stays as it is", async () => {
    for (const setUp of ['PRAGMA application_id = 7', 'CREATE TABLE theirs (a)']) {
      const path = temporaryDatabase();
      connect(path).exec(setUp);
      await expect(openTestStore({ path })).rejects.toThrow(/a database of another program/);
      expect(connect(path).pragma('journal_mode', { simple: true })).toBe('delete');
      expect(existsSync(`${path}.lock`)).toBe(false);
    }
  });

  it('keeps its lock file unless it is no database of ours', async () => {
    const path = temporaryDatabase();
    await migrateDatabase(path);
    rmSync(`${path}.lock`);
    const folder = migrationsFolder({ '0100-fails.ts': 'export const up = () => nothing;' });
    await expect(migrateDatabase(path, { migrationsFolder: folder })).rejects.toThrow(/0100-fails/);
    expect(existsSync(`${path}.lock`)).toBe(true);
    const theirs = temporaryDatabase();
    writeFileSync(theirs, 'no database '.repeat(100));
    writeFileSync(`${theirs}.lock`, '');
    await expect(migrateDatabase(theirs)).rejects.toMatchObject({ code: 'storage-refused' });
    expect(existsSync(`${theirs}.lock`)).toBe(true);
  });

  it('is newer than this program', async () => {
    const path = temporaryDatabase();
    const folder = migrationsFolder({ '9999-future.ts': createTable('future') });
    await migrateDatabase(path, { migrationsFolder: folder });
    const opening = openTestStore({ path });
    await expect(opening).rejects.toMatchObject({ code: 'storage-refused' });
    await expect(opening).rejects.toThrow(/newer than this program .*9999-future/);
  });

  it('is no file at all', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'a-folder'));
    const paths = [join(folder, 'missing', 'saga.db'), join(folder, 'a-folder'), ':memory:', ''];
    for (const path of paths) {
      await expect(openTestStore({ path })).rejects.toMatchObject({ code: 'storage-refused' });
    }
  });

  it('is damaged', async () => {
    const path = temporaryDatabase();
    await migrateDatabase(path);
    writeFileSync(path, 'damage'.repeat(40), { flag: 'r+' });
    await expect(openTestStore({ path })).rejects.toMatchObject({ code: 'storage-refused' });
  });

  it('is opened with a SQLite that is too old', () => {
    expect(isAtLeast('3.51.2', '3.51.3')).toBe(false);
    expect(isAtLeast('3.50.10', '3.51.3')).toBe(false);
    expect(isAtLeast('3.51.3', '3.51.3')).toBe(true);
    expect(isAtLeast('3.54.1', '3.51.3')).toBe(true);
    expect(isAtLeast('4.0', '3.51.3')).toBe(true);
  });
});

describe('the connection that writes', () => {
  it('syncs every commit, never checkpoints inside one, and raises the epoch', async () => {
    const path = temporaryDatabase();
    await migrateDatabase(path);
    const retry = { firstRetryDelayMs: 1, maxRetryDelayMs: 1 };
    for (const expectedEpoch of [1, 2]) {
      const { db, ownerEpoch } = openWriterConnection({
        realPath: path,
        tablePrefix: '',
        maxPages: null,
        ...retry,
      });
      expect(ownerEpoch).toBe(expectedEpoch);
      expect(db.pragma('synchronous', { simple: true })).toBe(2);
      expect(db.pragma('wal_autocheckpoint', { simple: true })).toBe(0);
      db.close();
    }
  });
});
