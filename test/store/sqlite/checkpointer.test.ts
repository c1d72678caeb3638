/** The write-ahead log stays bounded and a reader in its way does no harm. */
import { statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createCheckpointer } from '../../../src/store/sqlite/writer/checkpointer.ts';
import { openForWriting, resolveDatabaseFile } from '../../../src/store/sqlite/database-file.ts';
import { connect, temporaryDatabase } from '../store-fixture.ts';

const MANY_PAGES = 'INSERT INTO filler VALUES (zeroblob(40000000))';

function openLog() {
  const path = resolveDatabaseFile(temporaryDatabase());
  const db = openForWriting(path, 50);
  db.pragma('wal_autocheckpoint = 0');
  db.exec('CREATE TABLE filler (bytes BLOB)');
  const pending = () => {
    const [state] = db.prepare<[], Frames>('PRAGMA wal_checkpoint(NOOP)').all();
    return state === undefined ? -1 : state.log - state.checkpointed;
  };
  return { path, db, pending, sizeOfLog: () => statSync(`${path}-wal`).size };
}

interface Frames {
  readonly log: number;
  readonly checkpointed: number;
}

describe('the log', () => {
  it('is copied back after a batch once it is long, and emptied when idle', () => {
    const { db, pending, sizeOfLog } = openLog();
    const checkpointer = createCheckpointer(db);
    expect(checkpointer.afterBatch()).toBeNull();
    expect(pending()).toBeGreaterThan(0);
    db.exec(MANY_PAGES);
    expect(checkpointer.afterBatch()).toBeNull();
    expect(pending()).toBe(0);
    expect(checkpointer.whenIdle(false)).toBeNull();
    expect(sizeOfLog()).toBe(0);
    db.close();
  });

  it('waits for a later gap when a reader is in the way', () => {
    const { path, db, sizeOfLog } = openLog();
    const checkpointer = createCheckpointer(db);
    const reader = connect(path);
    reader.exec('BEGIN; SELECT * FROM filler');
    reader.prepare('SELECT count(*) FROM filler').get();
    db.exec(MANY_PAGES);
    expect(checkpointer.afterBatch()).toBeNull();
    expect(checkpointer.whenIdle(true)).toBeNull();
    expect(sizeOfLog()).toBeGreaterThan(0);
    reader.exec('COMMIT');
    expect(checkpointer.whenIdle(true)).toBeNull();
    expect(sizeOfLog()).toBe(0);
    db.close();
  });
});
