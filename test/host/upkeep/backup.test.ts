/** Backups of files that are in use, and databases made of them. */
import { copyFileSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { transactional } from '../../../src/core/activity.ts';
import { backupDatabase, restoreDatabase } from '../../../src/host/upkeep/backup.ts';
import { openBackstep } from '../../../src/runtime/open-backstep.ts';
import { lockAlone } from '../../../src/store/sqlite/ownership/owner-lock.ts';
import { migrateDatabase } from '../../../src/store/migrate-database.ts';
import { createServer } from '../../../src/server.ts';
import { jsonOf, typed } from '../../cli/typed-commands.ts';
import { startOwner } from '../../store/sqlite/owner-process.ts';
import { connect, temporaryDatabase } from '../../store/store-fixture.ts';
import { seatSaga } from './seat-saga.ts';

/** An engine on a file, whose sagas each write a row of a participant's table in their commit. */
async function seats(database = temporaryDatabase()) {
  await migrateDatabase(database);
  const db = new Database(database);
  db.exec('CREATE TABLE IF NOT EXISTS seats (seat TEXT PRIMARY KEY) STRICT');
  db.close();
  const backstep = await openBackstep({ database });
  backstep.register(seatSaga, {
    activities: {
      book: transactional(({ seat }) => ({
        statements: [{ sql: 'INSERT INTO seats (seat) VALUES (?)', parameters: [seat] }],
        output: { seat },
      })),
      free: () => {},
      tell: () => {},
    },
  });
  await backstep.start();
  onTestFinished(() => backstep.stop({ within: 0 }));
  let count = 0;
  const bookOne = async (): Promise<string> => {
    count += 1;
    const seat = `seat-${count}`;
    const saga = await backstep.spawn(seatSaga, { input: { seat }, key: seat });
    await saga.settled();
    return saga.id;
  };
  return { backstep, database, bookOne };
}

function restOf(path: string): readonly string[] {
  return readdirSync(dirname(path)).filter((name) => name.includes('.part'));
}

test('a backup taken under load restores doctor-clean, of one moment with the tables of participants', async () => {
  const { database, bookOne } = await seats();
  const stopping = new AbortController();
  const load = Array.from({ length: 8 }, async () => {
    while (!stopping.signal.aborted) await bookOne();
  });
  onTestFinished(() => stopping.abort());
  // Large enough to be copied in several steps.
  for (let made = 0; made < 150; made += 1) await bookOne();
  const to = join(dirname(database), 'backup.db');
  const steps: string[] = [];
  const backup = await backupDatabase({
    database,
    to,
    definitions: [seatSaga],
    onProgress: ({ phase }) => steps.push(phase),
  });
  stopping.abort();
  await Promise.all(load);
  expect(backup.diagnosis).toMatchObject({ findings: [], unknown: {}, areFilesChecked: true });
  expect(backup.diagnosis.examined).toBeGreaterThan(150);
  expect(new Set(steps)).toEqual(new Set(['copying', 'examining']));
  expect(restOf(to)).toEqual([]);
  expect(existsSync(`${to}-wal`)).toBe(false);

  const restored = join(dirname(database), 'restored.db');
  const made = await restoreDatabase({ from: to, database: restored, definitions: [seatSaga] });
  expect(made.diagnosis.findings).toEqual([]);
  const db = connect(restored);
  const booked = db
    .prepare("SELECT count(*) FROM saga_steps WHERE step_name = 'book' AND status = 'completed'")
    .pluck();
  expect(db.prepare('SELECT count(*) FROM seats').pluck().get()).toBe(booked.get());
  db.close();
  const { backstep, bookOne: bookMore } = await seats(restored);
  expect(backstep.health()).toMatchObject({ kind: 'ready', restored: { generation: 2 } });
  await backstep.spawn(seatSaga, { input: { seat: 'seat-1' }, key: 'seat-1' });
  await expect(bookMore()).resolves.toEqual(expect.any(String));
});

test('what a client knows and the restored database does not is told, however it was restored', async () => {
  const { backstep, database, bookOne } = await seats();
  const kept = await bookOne();
  const to = join(dirname(database), 'backup.db');
  await backupDatabase({ database, to });
  const lost = await bookOne();
  await backstep.stop({ within: 0 });
  // As somebody who knows no command would: the copy says by itself what it is.
  const other = join(dirname(database), 'copied-by-hand.db');
  copyFileSync(to, other);
  const { backstep: again } = await seats(other);
  const { app } = createServer({ backstep: again });
  const get = async (path: string) => (await app.request(path)).json() as Promise<object>;
  expect(await get('/api/health')).toMatchObject({
    status: 'ready',
    restored: { generation: 2 },
  });
  expect(await get(`/api/sagas/${kept}`)).toMatchObject({ status: 'completed' });
  const told = /: it was started after a backup of .*, from which this database was restored at /;
  expect(Reflect.get(await get(`/api/sagas/${lost}`), 'detail')).toMatch(told);
  await expect(again.saga(lost).send({ type: 'x' })).rejects.toThrow(told);
  const ahead = again.saga(kept).command({ name: 'retry' }, { expectedVersion: 99 });
  await expect(ahead).rejects.toThrow('where it has not been yet: the database was restored');
  // Of no time in between: simply unknown.
  const unknown = again.saga('00000000000000000000000000').send({ type: 'x' });
  await expect(unknown).rejects.toThrow(/^no saga with id "0+"$/);
  await again.stop({ within: 0 });
  const { backstep: later } = await seats(other);
  expect(later.health()).toMatchObject({ restored: { generation: 2 } });
});

test('a backup never replaces a file, and a failed one leaves none', async () => {
  const { database } = await seats();
  const to = join(dirname(database), 'backup.db');
  writeFileSync(to, 'mine');
  await expect(backupDatabase({ database, to })).rejects.toThrow('there is a file already');
  const folder = join(dirname(database), 'nowhere', 'backup.db');
  await expect(backupDatabase({ database, to: folder })).rejects.toThrow('there is no such folder');
  const none = backupDatabase({ database: 'nowhere.db', to: folder });
  await expect(none).rejects.toThrow('there is no such file');
  const foreign = temporaryDatabase();
  const db = new Database(foreign);
  db.exec('CREATE TABLE mine (x)');
  db.close();
  const ofForeign = backupDatabase({ database: foreign, to: `${foreign}.backup` });
  await expect(ofForeign).rejects.toThrow('it is not a Backstep database');
  expect([...restOf(to), ...restOf(foreign)]).toEqual([]);
});

test('restoring is refused over what is in use, is there, or is not ours, and leaves it as it was', async () => {
  const { backstep, database, bookOne } = await seats();
  await bookOne();
  const from = join(dirname(database), 'backup.db');
  await backupDatabase({ database, to: from });
  const kept = await bookOne();
  const over = (to: string, force: boolean) =>
    restoreDatabase({ from, database: to, force, lockWaitMs: 0 });
  await expect(over(database, false)).rejects.toThrow('there is a database already');
  await expect(over(database, true)).rejects.toThrow('owns this database');
  await expect(over(from, true)).rejects.toThrow('it is the backup itself');
  await backstep.stop({ within: 0 });
  const looking = new Database(database, { readonly: true });
  looking.exec('BEGIN');
  looking.prepare('SELECT count(*) FROM sagas').get();
  await expect(over(database, true)).rejects.toThrow('somebody has it open to look at it');
  looking.close();
  const foreign = temporaryDatabase();
  const db = new Database(foreign);
  db.exec('CREATE TABLE mine (x)');
  db.close();
  await expect(over(foreign, true)).rejects.toThrow('it is a database of another program');
  expect(connect(database).prepare('SELECT id FROM sagas WHERE id = ?').get(kept)).toBeDefined();
  await expect(over('postgres://db/shop', true)).rejects.toThrow('do it with pg_restore');
  const none = restoreDatabase({ from: 'nowhere.db', database: `${database}.new` });
  await expect(none).rejects.toThrow('there is no such file');
  expect(existsSync(`${database}.new`)).toBe(false);
});

test('a backup with errors is refused where it would be restored, unless a person insists', async () => {
  const { backstep, database, bookOne } = await seats();
  await bookOne();
  const from = join(dirname(database), 'backup.db');
  await backupDatabase({ database, to: from });
  await backstep.stop({ within: 0 });
  const db = connect(from);
  db.exec('UPDATE sagas SET attempts = 9');
  db.close();
  const to = join(dirname(database), 'restored.db');
  const args = ['restore', from, join(import.meta.dirname, 'seat-saga.ts'), '--db', to];
  const refused = await typed(args);
  expect(refused).toMatchObject({ code: 1, out: '' });
  expect(refused.err).toContain('attempts is 9 and should be 1; nothing was changed');
  expect(existsSync(to)).toBe(false);
  const taken = await typed([...args, '--with-findings', '--json']);
  expect(taken.code).toBe(1);
  expect(jsonOf(taken)).toMatchObject({ path: to, diagnosis: { findings: [{ kind: 'row' }] } });
});

test('the log that a killed owner left never comes to a database that took its place', async () => {
  const database = temporaryDatabase();
  const owner = await startOwner(database, 'busy');
  await owner.printed(50);
  const from = join(dirname(database), 'backup.db');
  const { code, out } = await typed(['backup', from, '--db', database]);
  expect(code).toBe(0);
  expect(out).toContain('backed up to');
  const count = (path: string) => connect(path).prepare('SELECT count(*) FROM journal').pluck();
  const inBackup = count(from).get();
  await owner.printed(owner.lines.length + 50);
  await owner.kill();
  expect(existsSync(`${database}-wal`)).toBe(true);
  const restored = await typed(['restore', from, '--db', database, '--force']);
  expect(restored.err).toBe(
    'backstep: it is the past: what was acknowledged after the backup is not in it\n',
  );
  expect(restored.code).toBe(0);
  expect(count(database).get()).toBe(inBackup);
});

test('what a killed backup left is removed by the next copy or start there, and nothing else is', async () => {
  const { backstep, database } = await seats();
  const folder = dirname(database);
  const at = (name: string): string => join(folder, name);
  const leave = (part: string): void => {
    for (const suffix of ['', '-journal', '.lock']) writeFileSync(at(part + suffix), '');
  };
  leave('sunday.db.0123abcd.part');
  leave('monday.db.89abcdef.part');
  for (const name of ['mine.part', 'mine.0123abcd.part', 'mine.part.lock'])
    writeFileSync(at(name), '');
  const held = lockAlone(at('monday.db.89abcdef.part.lock'));
  await backupDatabase({ database, to: at('tuesday.db') });
  const others = ['mine.0123abcd.part', 'mine.part', 'mine.part.lock'];
  const ofMonday = ['', '-journal', '.lock'].map((suffix) => `monday.db.89abcdef.part${suffix}`);
  expect(restOf(database).toSorted()).toEqual([...others, ...ofMonday].toSorted());
  held?.release();
  await backstep.stop({ within: 0 });
  await seats(database);
  expect(restOf(database).toSorted()).toEqual(others);
});
