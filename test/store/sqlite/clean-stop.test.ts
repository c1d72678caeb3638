/** Whoever opens a database is told whether the one before left it in good order. */
import { describe, expect, it } from 'vitest';
import { memoryDatabases } from '../../../src/store/sqlite/memory-store.ts';
import { openTestStore, startOf, temporaryDatabase } from '../store-fixture.ts';

describe('a database', () => {
  it('that is new was left by nobody', async () => {
    expect((await (await openTestStore()).own()).wasLeftClean).toBe(false);
  });

  it('that was closed in good order says so once', async () => {
    const path = temporaryDatabase();
    const first = await openTestStore({ path });
    const commit = first.commit(startOf(1));
    await first.close(true);
    expect((await commit).kind).toBe('committed');
    const second = await openTestStore({ path });
    expect((await second.own()).wasLeftClean).toBe(true);
    await second.close();
    expect((await (await openTestStore({ path })).own()).wasLeftClean).toBe(false);
  });

  it('that another process has taken over is not marked by the one before', async () => {
    const database = (await memoryDatabases())();
    const former = database.open();
    expect((await database.open().own()).wasLeftClean).toBe(false);
    await former.close(true);
    expect((await database.open().own()).wasLeftClean).toBe(false);
    database.close();
  });

  it('in memory keeps the mark as one on disk does, and a killed process leaves none', async () => {
    const database = (await memoryDatabases())();
    await database.open().close(true);
    const second = database.open();
    expect((await second.own()).wasLeftClean).toBe(true);
    second.kill();
    await second.close(true);
    expect((await database.open().own()).wasLeftClean).toBe(false);
    database.close();
  });
});
