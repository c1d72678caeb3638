/** What turns say to rules of alerts, over every database. */
import { expect, it } from 'vitest';
import { startOf, turnOf } from '../saga-commits.ts';
import { STORES } from './stores.ts';

for (const kind of STORES) {
  kind.describe(`over ${kind.name}`, () => {
    it('a mark goes with its turn, is over with a later one, or is forgotten', async () => {
      const store = await (await kind.database()).open();
      const marks = () =>
        store
          .tables()
          .selectFrom('alert_marks')
          .select(['rule', 'sid', 'cause', 'since', 'ended_at', 'is_counted', 'detail'])
          .orderBy('id')
          .execute();
      const opens = { cause: '{"a":"b"}', detail: 'x: y', isOver: false };
      const open = (rule: string) => ({ rule, endsAfterMs: null, opens });
      const mark = { sid: 1, cause: '{"a":"b"}', since: 1_002, is_counted: 0, detail: 'x: y' };
      await store.commit(startOf(1, { marks: [open('slow'), open('letter')] }));
      await store.commit(turnOf(1, 2, { marks: [open('slow')] }));
      expect(await marks()).toEqual([
        { rule: 'slow', ...mark, ended_at: null },
        { rule: 'letter', ...mark, ended_at: null },
      ]);
      // At 1,004: `slow` is younger than it may be, `letter` was to be told at once.
      const leaves = [
        { rule: 'slow', endsAfterMs: 3, opens: null },
        { rule: 'letter', endsAfterMs: 0, opens: { ...opens, cause: 'other' } },
        { rule: 'failed', endsAfterMs: null, opens: { ...opens, detail: null, isOver: true } },
      ];
      await store.commit(turnOf(1, 3, { marks: leaves }));
      expect(await marks()).toEqual([
        { rule: 'letter', ...mark, ended_at: 1_004 },
        { rule: 'letter', ...mark, cause: 'other', since: 1_004, ended_at: null },
        { rule: 'failed', ...mark, since: 1_004, ended_at: 1_004, detail: null },
      ]);
      const stale = await store.commit(turnOf(1, 3, { marks: leaves }));
      expect([stale.kind, (await marks()).length]).toEqual(['stale', 3]);
      // One that is old enough is kept for whoever is to be told of it.
      await store.commit(
        turnOf(1, 4, { marks: [{ rule: 'letter', endsAfterMs: 1, opens: null }] }),
      );
      expect((await marks()).map(({ ended_at }) => ended_at)).toEqual([1_004, 1_005, 1_004]);
    });
  });
}
