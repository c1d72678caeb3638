/** What the store does when the disk, another program or the file itself turns against it. */
import { renameSync, rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  connect,
  openTestStore,
  reasonOf,
  startOf,
  temporaryDatabase,
  turnOf,
  untilHealth,
} from '../store-fixture.ts';

const FILLER = 'CREATE TABLE filler (bytes BLOB)';
const MORE_FILLER = 'INSERT INTO filler VALUES (zeroblob(400000))';

async function openNearlyFull() {
  const path = temporaryDatabase();
  await (await openTestStore({ path })).close();
  const beside = connect(path);
  beside.exec(`${FILLER}; ${MORE_FILLER}`);
  const [count, size] = ['page_count', 'page_size'].map((name) =>
    Number(beside.pragma(name, { simple: true })),
  );
  const maxPages = Math.ceil(((count ?? NaN) * (size ?? NaN)) / 8192) + 2;
  return { store: await openTestStore({ path, maxPages }), beside };
}

describe('a full disk', () => {
  it('keeps the batch, says so, and goes on by itself when there is room', async () => {
    const { store, beside } = await openNearlyFull();
    const seen: string[] = [];
    store.onHealth((health) => seen.push(health.kind));
    const big = { state: JSON.stringify({ text: 'x'.repeat(100_000), steps: [] }) };
    const commits = [1, 2, 3].map((sid) => store.commit(startOf(sid, { saga: big })));

    await untilHealth(store, 'stalled');
    expect(reasonOf(store)).toContain('full');
    expect(await store.loadBySid(1)).toBeNull();
    expect(await store.wakes(Number.MAX_SAFE_INTEGER, null, 10)).toEqual([]);

    beside.exec('DELETE FROM filler');
    const outcomes = await Promise.all(commits);
    expect(outcomes.map((outcome) => outcome.kind)).toEqual(Array(3).fill('committed'));
    expect(store.health()).toEqual({ kind: 'ready' });
    expect(seen.at(-1)).toBe('ready');
    expect(await store.commit(turnOf(1, 2))).toEqual({ kind: 'committed', seq: 4 });
  });

  it('never loses what was accepted while it was full', async () => {
    const { store, beside } = await openNearlyFull();
    const big = { state: JSON.stringify({ text: 'x'.repeat(100_000), steps: [] }) };
    const first = store.commit(startOf(1, { saga: big }));
    await untilHealth(store, 'stalled');
    const later = store.commit(startOf(2));
    const written = store.write([{ sql: 'DELETE FROM filler WHERE 0', parameters: [] }]);
    beside.exec('DELETE FROM filler');
    expect(await first).toEqual({ kind: 'committed', seq: 1 });
    expect(await later).toEqual({ kind: 'committed', seq: 2 });
    expect(await written).toEqual({ kind: 'committed', changes: [0] });
  });
});

describe('a lock of another program', () => {
  it('stalls the batch until it is gone', async () => {
    const path = temporaryDatabase();
    const store = await openTestStore({ path });
    const beside = connect(path);
    beside.exec('BEGIN IMMEDIATE');
    const commit = store.commit(startOf(1));
    await untilHealth(store, 'stalled');
    expect(reasonOf(store)).toContain('SQLITE_BUSY');
    beside.exec('ROLLBACK');
    expect(await commit).toEqual({ kind: 'committed', seq: 1 });
    expect(store.health()).toEqual({ kind: 'ready' });
  });
});

describe('a database that is no longer ours', () => {
  it('fails the store when another owner took the epoch, and writes nothing', async () => {
    const path = temporaryDatabase();
    const store = await openTestStore({ path });
    await store.commit(startOf(1));
    const beside = connect(path);
    beside.exec('UPDATE engine SET owner_epoch = owner_epoch + 1');

    const commits = await Promise.allSettled([
      store.commit(turnOf(1, 2)),
      store.write([{ sql: 'DELETE FROM sagas', parameters: [] }]),
    ]);
    for (const commit of commits) {
      expect(commit).toMatchObject({ status: 'rejected', reason: { code: 'storage-failed' } });
    }
    expect(store.health()).toEqual({
      kind: 'failed',
      reason: 'another process took the database over; this one must stop',
      isTakenOver: true,
    });
    await expect(store.commit(startOf(2))).rejects.toMatchObject({ code: 'storage-failed' });
    expect(beside.prepare('SELECT seq FROM sagas').pluck().all()).toEqual([1]);
  });

  it('fails the store when the file was replaced', async () => {
    const path = temporaryDatabase();
    const store = await openTestStore({ path });
    await store.commit(startOf(1));
    renameSync(path, `${path}.old`);
    await expect(store.commit(startOf(2))).rejects.toMatchObject({ code: 'storage-failed' });
    expect(reasonOf(store)).toContain('replaced');
  });

  it('fails the store when the file was removed', async () => {
    const path = temporaryDatabase();
    const store = await openTestStore({ path });
    rmSync(path);
    await expect(store.commit(startOf(1))).rejects.toMatchObject({ code: 'storage-failed' });
  });
});

describe('closing', () => {
  it('waits for what is queued, empties the log, and can be asked for twice', async () => {
    const path = temporaryDatabase();
    const store = await openTestStore({ path });
    const commits = Promise.all([store.commit(startOf(1)), store.commit(startOf(2))]);
    await Promise.all([store.close(), store.close()]);
    expect((await commits).map((outcome) => outcome.kind)).toEqual(['committed', 'committed']);
    await expect(store.commit(startOf(3))).rejects.toMatchObject({ code: 'unavailable' });
    await expect(store.loadBySid(1)).rejects.toMatchObject({ code: 'unavailable' });
    const rows = connect(path).prepare('SELECT count(*) FROM sagas').pluck().get();
    expect(rows).toBe(2);
  });
});
