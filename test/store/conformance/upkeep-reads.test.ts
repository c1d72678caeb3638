/** What sagas run under, read a few at a time. */
import { describe, expect, it } from 'vitest';
import { startOf } from '../saga-commits.ts';
import { STORES } from './stores.ts';

const all = { afterSid: 0, untilSid: 100 };

describe.each(STORES)('over $name', (kind) => {
  kind.describe('upkeep', () => {
    it('groups sagas of a status by drawing, a bounded number of rows at a time', async () => {
      const store = await (await kind.database()).open();
      const drawings = ['a', 'a', 'b', 'a', 'b', 'c'];
      for (const [index, definitionHash] of drawings.entries()) {
        await store.commit(startOf(index + 1, { birth: { definitionHash } }));
      }
      await store.commit(
        startOf(7, { saga: { status: 'waiting' }, birth: { definitionHash: 'd' } }),
      );
      const { upkeep } = store;
      const range = { status: 'running', ...all } as const;
      const first = await upkeep.drawingsInUse(range, 3);
      const by = (definitionHash: string) => ({ type: 'order', version: 1, definitionHash });
      expect(first).toEqual({ drawings: [by('a'), by('b')], lastSid: 3 });
      const second = await upkeep.drawingsInUse({ ...range, afterSid: 3 }, 3);
      expect(second).toEqual({ drawings: [by('a'), by('b'), by('c')], lastSid: 6 });
      expect(await upkeep.drawingsInUse({ ...range, afterSid: 6 }, 3)).toEqual({
        drawings: [],
        lastSid: null,
      });
      expect(await upkeep.ofDrawing(by('a'), range)).toEqual([1, 2, 4]);
      expect(await upkeep.ofDrawing(by('a'), { ...range, afterSid: 1, untilSid: 3 })).toEqual([2]);
    });

    it('goes past what a person has settled without counting it as in flight', async () => {
      const store = await (await kind.database()).open();
      const saga = { status: 'failed', wakeAtMs: null } as const;
      for (const sid of [1, 2])
        await store.commit(startOf(sid, { saga: { ...saga, endedAtMs: 5 } }));
      await store.commit(startOf(3, { saga: { ...saga, error: 'version-missing: gone' } }));
      const range = { status: 'failed', ...all } as const;
      expect(await store.upkeep.drawingsInUse(range, 2)).toEqual({ drawings: [], lastSid: 2 });
      const last = await store.upkeep.drawingsInUse({ ...range, afterSid: 2 }, 2);
      expect(last).toMatchObject({ drawings: [{ definitionHash: 'hash' }], lastSid: null });
      const drawing = { type: 'order', version: 1, definitionHash: 'hash' };
      expect(await store.upkeep.ofDrawing(drawing, range)).toEqual([3]);
      expect(await store.upkeep.errorOf(3)).toBe('version-missing: gone');
      expect(await store.upkeep.errorOf(9)).toBeNull();
    });
  });
});
