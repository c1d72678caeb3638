/** Lists by every kind of filter, over sagas under way, ended, and removed again. */
import { describe, expect, it } from 'vitest';
import { createReadModels } from '../../../src/store/queries/saga-queries.ts';
import type { SagaFilter } from '../../../src/store/read-models.ts';
import { startOf, turnOf } from '../saga-commits.ts';
import { STORES } from './stores.ts';

const SAGAS = 60;
const PAGE = { limit: 200, cursor: null };
/** Something is in flight; a person is waited for; a time. */
const WAKES = [0, null, 90_000, 0];

describe.each(STORES)('over $name', (kind) => {
  kind.describe('a list of sagas', () => {
    it('has those that match, whatever they are at', async () => {
      const database = await kind.database();
      const store = await database.open();
      const read = createReadModels(store.tables());
      const sids = Array.from({ length: SAGAS }, (_, index) => index + 1);
      await Promise.all(
        sids.map((sid) => {
          const birth = {
            ...(sid % 2 === 0 ? { type: 'trip' } : {}),
            ...(sid % 5 === 0 ? { key: `Cart-${sid}`, inputHash: 'h' } : {}),
          };
          const wakeAtMs = WAKES[sid % WAKES.length] ?? null;
          return store.commit(startOf(sid, { birth, saga: { step: `step-${sid % 3}`, wakeAtMs } }));
        }),
      );
      const moved = { step: 'step-9', attempts: 7, updatedAtMs: 4_999, isStandingSame: true };
      await store.commit(turnOf(4, 2, { saga: { ...moved, wakeAtMs: 0 } }));
      await store.commit(turnOf(5, 2, { saga: { ...moved, wakeAtMs: null } }));
      const ends = (sid: number) => ({
        status: 'failed' as const,
        wakeAtMs: null,
        endedAtMs: 5,
        step: `step-${sid % 3}`,
        attempts: 1 + (sid % 4),
        error: `Late: ${sid}`,
        updatedAtMs: 5_000 + sid,
      });
      const ended = sids.filter((sid) => sid > SAGAS / 2);
      await Promise.all(ended.map((sid) => store.commit(turnOf(sid, 2, { saga: ends(sid) }))));
      const noted = { ...ends(59), error: 'Noted: again', expectedSeq: 2, seq: 3 };
      await store.commit(turnOf(59, 3, { saga: noted }));
      await database.exec(`DELETE FROM ${kind.sagas} WHERE sid = 60`);

      const found = async (filter: SagaFilter) => {
        const { items } = await read.listSagas(filter, PAGE);
        expect(await read.countSagas(filter)).toBe(items.length);
        return items.map(({ id }) => Number(id.slice('saga-'.length)));
      };
      const all = sids.filter((sid) => sid < 60).toReversed();
      const past = (sid: number) => sid > SAGAS / 2;
      expect(await found({})).toEqual(all);
      expect(await found({ type: 'trip' })).toEqual(all.filter((sid) => sid % 2 === 0));
      expect(await found({ step: 'step-1' })).toEqual(
        all.filter((sid) => sid % 3 === 1 && sid !== 4),
      );
      expect(await found({ step: 'step-9' })).toEqual([5, 4]);
      expect(await found({ minAttempts: 4 })).toEqual([
        ...all.filter((sid) => past(sid) && sid % 4 === 3),
        5,
        4,
      ]);
      expect(await found({ updatedBeforeMs: 5_000 })).toEqual(all.filter((sid) => !past(sid)));
      expect(await found({ text: 'CART-5' })).toEqual([55, 50, 5]);
      expect(await found({ text: 'late: 4' })).toEqual([49, 48, 47, 46, 45, 44, 43, 42, 41, 40]);
      expect(await found({ text: 'noted' })).toEqual([59]);
      expect(await found({ status: ['failed'], step: 'step-0', type: 'order' })).toEqual([
        57, 51, 45, 39, 33,
      ]);
      expect(await found({ text: '%' })).toEqual([]);
      expect(await found({ text: 'a\0' })).toEqual([]);
      expect(await found({ text: 'saga-00005\ud800' })).toEqual([]);
    });
  });
});
