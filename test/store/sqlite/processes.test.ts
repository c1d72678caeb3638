/** Two processes on one file, and processes that are killed: real ones. */
import { symlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { startOwner } from './owner-process.ts';
import {
  connect,
  openTestStore,
  startOf,
  temporaryDatabase,
  temporaryFolder,
} from '../store-fixture.ts';

describe('a database that another process owns', () => {
  it('is refused, by its path and by a link to it', async () => {
    const path = temporaryDatabase();
    await startOwner(path, 'idle');
    const link = `${temporaryFolder()}/link.db`;
    symlinkSync(path, link);
    for (const name of [path, link]) {
      const opening = openTestStore({ path: name });
      await expect(opening).rejects.toMatchObject({ code: 'storage-refused' });
      await expect(opening).rejects.toThrow(/owns this database/);
    }
  });

  it('is waited for, and taken over once its owner is gone', async () => {
    const path = temporaryDatabase();
    const owner = await startOwner(path, 'idle');
    const opening = openTestStore({ path, lockWaitMs: 20_000 });
    await owner.kill();
    const store = await opening;
    expect(await store.commit(startOf(1))).toMatchObject({ kind: 'committed' });
  });

  it('is refused within one process too', async () => {
    const path = temporaryDatabase();
    const store = await openTestStore({ path });
    await expect(openTestStore({ path })).rejects.toMatchObject({ code: 'storage-refused' });
    expect(await store.commit(startOf(1))).toMatchObject({ kind: 'committed' });
    await store.close();
    const next = await openTestStore({ path });
    expect(await next.commit(startOf(2))).toMatchObject({ kind: 'committed', seq: 2 });
  });
});

describe('SIGKILL', () => {
  it('leaves nothing of a batch that was not committed', async () => {
    const path = temporaryDatabase();
    const busy = await startOwner(path, 'busy');
    await busy.printed(50);
    const beside = connect(path);
    beside.exec('BEGIN IMMEDIATE');
    while (!busy.lines.includes('stalled')) await busy.printed(busy.lines.length + 1);
    const acknowledged = busy.lines.filter((line) => line.includes(':')).length;
    await busy.kill();
    beside.exec('ROLLBACK');
    const lines = beside.prepare('SELECT count(*) FROM journal').pluck().get();
    expect(lines).toBe(acknowledged);
  });

  it('loses no acknowledged commit and tears none', async () => {
    const path = temporaryDatabase();
    const acknowledged = new Set<string>();
    for (let round = 0; round < 3; round += 1) {
      const owner = await startOwner(path, 'busy');
      await owner.printed(300);
      await owner.kill();
      for (const line of owner.lines) if (line.includes(':')) acknowledged.add(line);
    }
    const db = connect(path);
    const journal = db.prepare("SELECT sid || ':' || saga_seq FROM journal").pluck().all();
    expect(journal).toEqual(expect.arrayContaining([...acknowledged]));
    const torn = db.prepare(TORN).all();
    expect(torn).toEqual([]);
    const gaps = db.prepare('SELECT max(seq) - count(*) FROM journal').pluck().get();
    expect(gaps).toBe(0);
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
  });
});

/** Sagas whose row and journal disagree. */
const TORN = `SELECT sagas.sid FROM sagas LEFT JOIN journal USING (sid)
  GROUP BY sagas.sid HAVING max(journal.saga_seq) IS NOT sagas.seq OR count(*) IS NOT sagas.seq`;
