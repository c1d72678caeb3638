/** What a database holds, as it is read from outside beside a store that has it open. */
import { crc32 } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { STORED_FORMAT } from '../../../src/core/history/stored-format.ts';
import type { SagaAsStored } from '../../../src/store/as-stored.ts';
import { startOf, turnOf } from '../saga-commits.ts';
import { STORES, type StoreKind } from './stores.ts';

describe.each(STORES)('over $name', (kind) => {
  kind.describe('what is stored', () => {
    it('is read saga by saga, with all that hangs off each', async () => {
      const { stored, store } = await filled(kind);
      expect(await stored.count()).toBe(3);
      const sagas = await allOf(stored.sagas());
      expect(sagas.map(({ row }) => [row.sid, row.id, row.seq])).toEqual([
        [1, 'saga-000001', 2],
        [2, 'saga-000002', 1],
        [3, 'saga-000003', 1],
      ]);
      const [first, second] = sagas;
      expect(first).toMatchObject({
        row: { state: STATE, format: STORED_FORMAT, ended_at: 9 },
        steps: [
          { name: 'pay', occurrence: 1, status: 'completed', attempts: 2 },
          { name: 'ship', occurrence: 1, status: 'running', attempts: 1 },
        ],
        messages: [{ position: 0, event: 'paid', data: '{"a":1}' }],
        openLetter: { kind: 'failed', letter: '{"n":1}' },
        audit: [{ command: 'cancel', by: 'ann', reason: null }],
        startKey: { type: 'order', key: 'k', input_hash: 'h', saga_id: 'saga-000001' },
      });
      expect(Array.from(first?.journal ?? [], ({ saga_seq: seq }) => seq)).toEqual([1, 2]);
      expect(second).toMatchObject({ steps: [], messages: [], openLetter: null, startKey: null });
      // It goes on beside what is read.
      expect(await store.commit(turnOf(2, 2))).toMatchObject({ kind: 'committed' });
    });

    it('is read a saga at a time: one that starts meanwhile is met', async () => {
      const { stored, store } = await filled(kind);
      const met: number[] = [];
      for await (const { row } of stored.sagas()) {
        if (met.push(row.sid) === 1) await store.commit(startOf(4));
      }
      expect(met).toEqual([1, 2, 3, 4]);
    });

    it('is counted and gone through as far as it is in flight', async () => {
      const { stored, store } = await filled(kind);
      const many = Array.from({ length: 150 }, (_, index) => store.commit(startOf(100 + index)));
      await Promise.all(many);
      expect(await stored.inFlightCount()).toBe(152);
      const sids = (await allOf(stored.inFlight())).map(({ sid }) => sid);
      expect(sids).toHaveLength(152);
      expect(new Set(sids).size).toBe(152);
      expect(sids).not.toContain(1);
      const [one] = await allOf(stored.inFlight());
      expect(one).toEqual({ ...(await store.loadBySid(one?.sid ?? 0)), error: null });
    });

    it('is whole where a result stands in the journal, loaded or read from outside', async () => {
      const { database, store, stored } = await filled(kind);
      const state =
        '{"inJournal":{"pay":[2,7]},"steps":[],"machine":{"context":{"results":{"pay":null}}}}';
      const data = '{"inbound":{"kind":"result","outcome":{"kind":"done","output":{"a":"é"}}}}';
      const saga = { state, checksum: crc32(state) };
      expect(await store.commit(turnOf(2, 2, { saga, journal: { data } }))).toMatchObject({
        kind: 'committed',
      });
      const whole = await store.loadBySid(2);
      expect(whole?.state).toBe(
        '{"fromJournal":{"pay":[2,7]},"steps":[],"machine":{"context":{"results":{"pay":{"a":"é"}}}}}',
      );
      expect(whole?.checksum).toBe(crc32(whole?.state ?? ''));
      const read = (await allOf(stored.inFlight())).find(({ sid }) => sid === 2);
      expect(read).toEqual({ ...whole, error: null });
      await database.exec(
        `DELETE FROM ${kind.sagas.replace('sagas', 'journal')} WHERE sid = 2 AND saga_seq = 2`,
      );
      expect(await store.loadBySid(2)).toMatchObject(saga);
    });

    it('gives the journal of one saga', async () => {
      const { stored } = await filled(kind);
      const journal = await stored.journalOf('saga-000001');
      expect(journal?.saga).toMatchObject({ id: 'saga-000001', type: 'order', version: 1 });
      expect(journal?.lines.map(({ event }) => event)).toEqual(['event-1', 'event-2']);
      expect(await stored.journalOf('nobody')).toBeNull();
    });

    it('tells of rows that hang off no saga', async () => {
      const { database, stored } = await filled(kind);
      expect(await stored.orphans()).toEqual({ journal: 0, outbox: 0 });
      await database.exec(`DELETE FROM ${kind.sagas} WHERE sid = 1`);
      expect(await stored.orphans()).toEqual({ journal: 2, outbox: 1 });
    });
  });
});

/** With a NUL and half a surrogate pair in it, escaped as JSON escapes them. */
const STATE = JSON.stringify({
  note: 'a\0b\ud800',
  steps: [
    { name: 'pay', occurrence: 1, status: 'completed', attempts: 2, startedAtMs: 5 },
    { name: 'ship', occurrence: 1, status: 'running', attempts: 1, startedAtMs: 6 },
  ],
});

async function filled(kind: StoreKind) {
  const database = await kind.database();
  const store = await database.open();
  await store.commit(
    startOf(1, {
      birth: { key: 'k', inputHash: 'h' },
      outbox: [{ index: 0, event: 'paid', data: '{"a":1}' }],
      audit: { command: 'cancel', by: 'ann', reason: null },
    }),
  );
  await store.commit(
    turnOf(1, 2, {
      saga: { status: 'compensated', wakeAtMs: null, endedAtMs: 9, state: STATE },
      deadLetter: { kind: 'failed', letter: '{"n":1}' },
    }),
  );
  await Promise.all([store.commit(startOf(2)), store.commit(startOf(3))]);
  const stored = await database.stored();
  onTestFinished(() => stored.close());
  return { database, store, stored };
}

async function allOf<Item>(items: AsyncIterable<Item>): Promise<readonly Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(keptOf(item));
  return all;
}

/** What can be gone through once only is gone through now. */
function keptOf<Item>(item: Item): Item {
  const journal = (item as Partial<SagaAsStored>).journal;
  return journal === undefined ? item : { ...item, journal: [...journal] };
}
