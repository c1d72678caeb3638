/** Which ended sagas may be removed, and what goes with them and what stays. */
import { describe, expect, it } from 'vitest';
import { removalStatements } from '../../../src/store/queries/removal.ts';
import { createReadModels } from '../../../src/store/queries/saga-queries.ts';
import type { Store } from '../../../src/store/store.ts';
import { startOf, turnOf } from '../saga-commits.ts';
import { STORES } from './stores.ts';

const page = { limit: 50, cursor: null };
const idOf = (sid: number): string => `saga-${String(sid).padStart(6, '0')}`;
const endedAt = (endedAtMs: number) =>
  ({ status: 'completed', wakeAtMs: null, endedAtMs }) as const;
/** With what PostgreSQL does not look into unless it is replaced: a NUL and half of a pair. */
const childOf = (sid: number): string =>
  JSON.stringify({ seq: 1, steps: [], note: 'a\0b\ud800', parent: { sagaId: idOf(sid) } });

describe.each(STORES)('over $name', (kind) => {
  kind.describe('what ended long ago', () => {
    it('may be removed, the oldest first, unless something hangs on it', async () => {
      const store = await (await kind.database()).open();
      await store.commit(startOf(1, { saga: endedAt(30) }));
      await store.commit(startOf(2, { saga: endedAt(20) }));
      await store.commit(startOf(3, { saga: endedAt(40) }));
      const message = { index: 0, event: 'paid', data: '{}' };
      await store.commit(startOf(4, { saga: endedAt(10), outbox: [message] }));
      await store.commit(startOf(5)); // a parent that goes on
      await store.commit(startOf(6, { saga: { ...endedAt(5), state: childOf(5) } }));
      await store.commit(startOf(7, { saga: { ...endedAt(35), state: childOf(1) } }));
      await store.commit(startOf(8, { saga: endedAt(100) })); // not long ago
      await store.commit(startOf(9, { saga: endedAt(1) })); // the newest, and the newest line
      const all = { sids: [2, 1, 7, 3], next: null };
      expect(await store.upkeep.removable(100, 10)).toEqual(all);
      expect(await store.upkeep.removable(20, 10)).toEqual({ sids: [], next: null });
      const [sent] = await store.pendingMessages(0, 10);
      await store.acknowledge(sent?.id ?? 0);
      await store.commit(turnOf(5, 2, { saga: endedAt(50) }));
      const rest = [9, 6, 4, 2, 1, 7, 3].filter(isOld);
      expect((await store.upkeep.removable(100, 10)).sids).toEqual(rest);
    });

    it('is looked at a few at a time, each once, those that must stay as well', async () => {
      const store = await (await kind.database()).open();
      await store.commit(startOf(1)); // a parent that goes on
      const held = { ...endedAt(10), state: childOf(1) };
      for (const sid of [2, 3]) await store.commit(startOf(sid, { saga: held }));
      for (const sid of [4, 5]) await store.commit(startOf(sid, { saga: endedAt(10) }));
      await store.commit(startOf(6));
      const first = await store.upkeep.removable(100, 2);
      expect(first).toEqual({ sids: [], next: { endedAtMs: 10, sid: 3 } });
      const second = await store.upkeep.removable(100, 2, first.next);
      expect(second).toEqual({ sids: [4, 5], next: { endedAtMs: 10, sid: 5 } });
      const third = await store.upkeep.removable(100, 2, second.next);
      expect(third).toEqual({ sids: [], next: null });
    });

    it('goes with its history and its place in lists; its start key says how it ended', async () => {
      const store = await (await kind.database()).open();
      const key = { key: 'k-1', inputHash: 'h' };
      await store.commit(startOf(1, { birth: key }));
      const audit = { command: 'retry', by: 'ada', reason: null } as const;
      await store.commit(turnOf(1, 2, { saga: endedAt(30), audit }));
      await store.commit(startOf(2, { birth: { key: 'k-2', inputHash: 'h' } }));
      const read = createReadModels(store.tables());
      expect(await read.listSagas({ step: 'pay' }, page)).toMatchObject({ items: [{}, {}] });
      await store.write(removalStatements(store.tables(), [1]));
      expect(await read.saga(idOf(1))).toBeNull();
      expect((await read.transitions(idOf(1), page)).items).toEqual([]);
      expect(await read.audit(idOf(1))).toEqual([]);
      expect(await listed(store)).toEqual([idOf(2)]);
      expect(await read.versionCounts()).toMatchObject([{ total: 1, underWay: 1 }]);
      expect(await store.findStartKey('order', 'k-1')).toEqual({ sagaId: idOf(1), inputHash: 'h' });
      expect(await store.upkeep.finalStatus(idOf(1))).toBe('completed');
      expect(await store.upkeep.finalStatus(idOf(2))).toBeNull();
    });
  });
});

/** The newest saga is never removed. */
const isOld = (sid: number): boolean => sid !== 9;

async function listed(store: Store): Promise<readonly string[]> {
  const { items } = await createReadModels(store.tables()).listSagas({ step: 'pay' }, page);
  return items.map(({ id }) => id);
}
