/** What a commit promises: all of a turn or nothing of it, and nothing of its neighbours. */
import { describe, expect, it } from 'vitest';
import { startOf, turnOf } from '../saga-commits.ts';
import { STORED_FORMAT } from '../../../src/core/history/stored-format.ts';
import { amountsIn, databaseWithItems, type StoreKind, STORES } from './stores.ts';

for (const kind of STORES) {
  kind.describe(`over ${kind.name}`, () => {
    describe('a commit', () => {
      aCommit(kind);
    });
    describe('what hangs off a turn', () => {
      whatHangsOff(kind);
    });
    describe("participants' statements", () => {
      participantsStatements(kind);
    });
  });
}

function aCommit(kind: StoreKind): void {
  const openStore = async () => (await kind.database()).open();

  it('is read back as it was written', async () => {
    const store = await openStore();
    const state = JSON.stringify({ text: 'π ≠ 3', steps: [] });
    const outcome = await store.commit(startOf(1, { saga: { state, checksum: 4_294_967_295 } }));
    expect(outcome).toEqual({ kind: 'committed', seq: 1 });
    const identity = { sid: 1, id: 'saga-000001', type: 'order', version: 1 };
    const text = { definitionHash: 'hash', state, format: STORED_FORMAT, checksum: 4_294_967_295 };
    const place = { status: 'running', seq: 1, createdAtMs: 1_001 };
    expect(await store.loadBySid(1)).toEqual({ ...identity, ...text, ...place });
    expect(await store.sidOf('saga-000001')).toBe(1);
    expect(await store.loadBySid(2)).toBeNull();
    expect(await store.sidOf('saga-000002')).toBeNull();
  });

  it('replaces the row of the turn before and adds a journal line', async () => {
    const store = await openStore();
    await store.commit(startOf(1));
    const second = turnOf(1, 2, {
      saga: { status: 'compensated', wakeAtMs: null, error: 'X: y', endedAtMs: 9, step: null },
    });
    expect(await store.commit(second)).toEqual({ kind: 'committed', seq: 2 });
    const row = await store.tables().selectFrom('sagas').selectAll().executeTakeFirstOrThrow();
    expect(row).toMatchObject({
      seq: 2,
      status: 'compensated',
      wake_at: null,
      error: 'X: y',
      ended_at: 9,
      step: null,
      created_at: 1_001,
    });
    const lines = await store.tables().selectFrom('journal').selectAll().orderBy('seq').execute();
    expect(lines.map((line) => [line.seq, line.sid, line.saga_seq, line.event])).toEqual([
      [1, 1, 1, 'event-1'],
      [2, 1, 2, 'event-2'],
    ]);
  });

  it('leaves what a saga stands at alone when a turn did not change it', async () => {
    const store = await openStore();
    await store.commit(startOf(1, { saga: { error: 'X: y', wakeAtMs: 5 } }));
    const next = turnOf(1, 2, {
      saga: { isStandingSame: true, step: 'ship', attempts: 3, updatedAtMs: 77, checksum: 8 },
    });
    expect(await store.commit(next)).toEqual({ kind: 'committed', seq: 2 });
    const row = await store.tables().selectFrom('sagas').selectAll().executeTakeFirstOrThrow();
    expect(row).toMatchObject({
      seq: 2,
      status: 'running',
      wake_at: 5,
      error: 'X: y',
      ended_at: null,
      step: 'ship',
      attempts: 3,
      updated_at: 77,
      checksum: 8,
      state: next.saga.state,
    });
    expect(await store.commit(next)).toEqual({ kind: 'stale', storedSeq: 2 });
  });

  it('is stale over another version than the stored one, and writes nothing', async () => {
    const store = await openStore();
    await store.commit(startOf(1));
    expect(await store.commit(turnOf(1, 3))).toEqual({ kind: 'stale', storedSeq: 1 });
    expect(await store.commit(turnOf(2, 2))).toEqual({ kind: 'stale', storedSeq: null });
    const again = startOf(1, { birth: { id: 'other', key: 'k', inputHash: 'h' } });
    expect(await store.commit(again)).toEqual({ kind: 'stale', storedSeq: 1 });
    expect(await store.findStartKey('order', 'k')).toBeNull();
    expect(await store.tables().selectFrom('journal').select('seq').execute()).toHaveLength(1);
  });

  it('keeps the first saga of a start key and tells the second of it', async () => {
    const store = await openStore();
    const keyed = (sid: number, inputHash: string) =>
      startOf(sid, { birth: { key: 'cart-1', inputHash } });
    const outcomes = await Promise.all([store.commit(keyed(1, 'a')), store.commit(keyed(2, 'b'))]);
    const taken = { sagaId: 'saga-000001', inputHash: 'a' };
    expect(outcomes).toEqual([
      { kind: 'committed', seq: 1 },
      { kind: 'key-taken', ...taken },
    ]);
    expect(await store.commit(keyed(3, 'a'))).toEqual({ kind: 'key-taken', ...taken });
    expect(await store.findStartKey('order', 'cart-1')).toEqual(taken);
    expect(await store.loadBySid(2)).toBeNull();
    const other = startOf(4, { birth: { type: 'refund', key: 'cart-1', inputHash: 'c' } });
    expect(await store.commit(other)).toEqual({ kind: 'committed', seq: 2 });
  });

  it('does not stop its batch when its own rows are refused', async () => {
    const store = await openStore();
    const tooMany = startOf(2, { outbox: [{ index: 1_024, event: 'paid', data: '{}' }] });
    const outcomes = await Promise.all([
      store.commit(startOf(1)),
      store.commit(tooMany),
      store.commit(startOf(3, { birth: { id: 'saga-000001' } })),
      store.commit(startOf(4)),
    ]);
    expect(outcomes.map((outcome) => outcome.kind)).toEqual([
      'committed',
      'rejected',
      'rejected',
      'committed',
    ]);
    expect(store.stats()).toMatchObject({ batches: 1, lastBatchSize: 4, commits: 2 });
    expect(await store.loadBySid(2)).toBeNull();
    expect(store.health()).toEqual({ kind: 'ready' });
  });

  it('counts the global seq without gaps, over refused turns and a new opening', async () => {
    const database = await kind.database();
    const store = await database.open();
    const starts = Array.from({ length: 40 }, (_, index) =>
      startOf(index + 1, index % 3 === 0 ? { birth: { id: 'same' } } : {}),
    );
    await Promise.all(starts.map((start) => store.commit(start)));
    await store.commit(turnOf(1, 9));
    await store.close();

    const reopened = await database.open();
    expect((await reopened.own()).lastSid).toBe(40 - 1);
    await reopened.commit(startOf(50));
    const rows = await reopened.tables().selectFrom('journal').select('seq').execute();
    expect(rows.map((row) => row.seq)).toEqual(rows.map((_, index) => index + 1));
    expect(rows).toHaveLength((await reopened.own()).lastSeq + 1);
  });

  it('shares its batch with all that came in the same turn of the event loop', async () => {
    const store = await openStore();
    const commits = Array.from({ length: 50 }, (_, index) => store.commit(startOf(index + 1)));
    await Promise.all(commits);
    expect(store.stats()).toMatchObject({ commits: 50, batches: 1, lastBatchSize: 50 });
  });

  if (!kind.hasQueue) return;
  it('does not wait for the rest when it fills an early batch, and the rest shares the next', async () => {
    const store = await openStore();
    const commits = Array.from({ length: 600 }, (_, index) => store.commit(startOf(index + 1)));
    await Promise.all(commits);
    expect(store.stats()).toMatchObject({ commits: 600, batches: 2, lastBatchSize: 504 });
  });
}

function whatHangsOff(kind: StoreKind): void {
  const openStore = async () => (await kind.database()).open();

  it('is an emitted event until it is acknowledged', async () => {
    const store = await openStore();
    const outbox = [
      { index: 0, event: 'paid', data: '{"a":1}' },
      { index: 1, event: 'sent', data: '{}' },
    ];
    await store.commit(startOf(1, { outbox }));
    await store.commit(turnOf(1, 2, { outbox: [{ index: 0, event: 'done', data: '{}' }] }));
    const of = { sid: 1, sagaId: 'saga-000001', type: 'order', knownAs: null };
    expect(await store.pendingMessages(0, 10)).toEqual([
      { id: 1_024, ...of, event: 'paid', data: '{"a":1}' },
      { id: 1_025, ...of, event: 'sent', data: '{}' },
      { id: 2_048, ...of, event: 'done', data: '{}' },
    ]);
    await store.acknowledge(1_025);
    await store.acknowledge(1_025);
    const left = await store.pendingMessages(0, 10);
    expect(left.map((message) => message.id)).toEqual([1_024, 2_048]);
    expect(await store.pendingMessages(1_024, 1)).toHaveLength(1);
  });

  it('is at most one open dead letter, which a later turn replaces or closes', async () => {
    const store = await openStore();
    const letters = () => store.tables().selectFrom('dead_letters').selectAll().execute();
    await store.commit(startOf(1, { deadLetter: { kind: 'failed', letter: '{"n":1}' } }));
    await store.commit(turnOf(1, 2, { deadLetter: { kind: 'parked', letter: '{"n":2}' } }));
    expect(await letters()).toMatchObject([
      { kind: 'parked', letter: '{"n":2}', resolved_at: null },
    ]);
    await store.commit(turnOf(1, 3, { deadLetter: { kind: 'running', letter: null } }));
    await store.commit(turnOf(1, 4, { deadLetter: { kind: 'failed', letter: '{"n":3}' } }));
    expect(await letters()).toMatchObject([
      { letter: '{"n":2}', resolved_at: 1_004 },
      { letter: '{"n":3}', resolved_at: null },
    ]);
  });

  it('is an audit line', async () => {
    const store = await openStore();
    const audit = { command: 'cancel', by: 'ann', reason: null };
    await store.commit(startOf(1, { audit }));
    const rows = await store.tables().selectFrom('audit').selectAll().execute();
    expect(rows).toEqual([{ id: 1, sid: 1, saga_seq: 1, at: 1_002, ...audit }]);
  });
}

function participantsStatements(kind: StoreKind): void {
  const take = (name: string, code = 'OutOfStock') => ({
    sql: kind.placeholders('UPDATE items SET amount = amount - 1 WHERE name = ? AND amount > 0'),
    parameters: [name],
    expect: { changes: 1, code, message: `no ${name}` },
  });

  async function openWithItems() {
    const store = await (await databaseWithItems(kind)).open();
    return { store, amounts: () => amountsIn(store) };
  }

  it('commit together with the turn', async () => {
    const { store, amounts } = await openWithItems();
    expect(await store.commit(startOf(1, { statements: [take('pen')] }))).toMatchObject({
      kind: 'committed',
    });
    expect(await amounts()).toEqual([1, 0]);
  });

  it('roll back their own turn, and only that, when an expectation is not met', async () => {
    const { store, amounts } = await openWithItems();
    const outcomes = await Promise.all([
      store.commit(startOf(1, { statements: [take('pen')] })),
      store.commit(startOf(2, { statements: [take('pen'), take('ink', 'NoInk')] })),
      store.commit(startOf(3, { birth: { key: 'k', inputHash: 'h' } })),
    ]);
    expect(outcomes).toEqual([
      { kind: 'committed', seq: 1 },
      { kind: 'unmet', code: 'NoInk', message: 'no ink' },
      { kind: 'committed', seq: 2 },
    ]);
    expect(await amounts()).toEqual([1, 0]);
    expect(await store.loadBySid(2)).toBeNull();
  });

  it.each(kind.bad)('are rejected alone when one of them %s', async (_, sql, parameters) => {
    const { store, amounts } = await openWithItems();
    const bad = { sql, parameters };
    const outcomes = await Promise.all([
      store.commit(startOf(1, { statements: [take('pen')] })),
      store.commit(startOf(2, { statements: [take('pen'), bad] })),
      store.write([bad]),
      store.commit(startOf(3)),
    ]);
    expect(outcomes.map((outcome) => outcome.kind)).toEqual([
      'committed',
      'rejected',
      'rejected',
      'committed',
    ]);
    expect(await amounts()).toEqual([1, 0]);
    expect(store.health()).toEqual({ kind: 'ready' });
  });

  it('are all or nothing outside a turn too, and tell how much they changed', async () => {
    const { store, amounts } = await openWithItems();
    const all = { sql: 'UPDATE items SET amount = 5 RETURNING name', parameters: [] };
    expect(await store.write([take('pen'), all])).toEqual({ kind: 'committed', changes: [1, 2] });
    expect(await amounts()).toEqual([5, 5]);
    const outcome = await store.write([take('ink'), take('nib')]);
    expect(outcome).toEqual({ kind: 'unmet', code: 'OutOfStock', message: 'no nib' });
    expect(await amounts()).toEqual([5, 5]);
  });
}
