/** How the list of sagas is found: by index for any filter, and counted, and frozen as ids. */
import { describe, expect, it } from 'vitest';
import type { ReadModels } from '../../../src/store/read-models.ts';
import { createReadModels } from '../../../src/store/queries/saga-queries.ts';
import { sqlitePlanner } from '../conformance/planners.ts';
import { EVERY_FILTER } from '../conformance/store-questions.ts';
import { openTestStore, startOf } from '../store-fixture.ts';

const PAGE = { limit: 50, cursor: Buffer.from('sagas:1000').toString('base64url') };

/** Reads rows of sagas that have nothing in flight, of which there may be any number. */
const WIDE = /SCAN sagas(?! USING COVERING INDEX)|SEARCH sagas USING INDEX sagas_for_lists/;

/** Tells what SQLite would do for each query that a call makes. */
async function planner() {
  const { db, costOf } = await sqlitePlanner();
  const read = createReadModels(db);
  return async (call: (read: ReadModels) => Promise<unknown>): Promise<readonly string[]> =>
    (await costOf(() => call(read))).plans;
}

describe('any combination of filters', () => {
  it('is all sixty-four of them', () => {
    expect(EVERY_FILTER).toHaveLength(64);
  });

  it('is decided over an index, never over the wide rows', async () => {
    const plansOf = await planner();
    const slow: string[] = [];
    for (const filter of EVERY_FILTER) {
      const [plan = ''] = await plansOf((read) => read.listSagas(filter, PAGE));
      const isIndexed = /COVERING INDEX sagas_(for_lists|by_status)/.test(plan);
      if (!isIndexed || WIDE.test(plan)) slow.push(`${JSON.stringify(filter)}: ${plan}`);
    }
    expect(slow).toEqual([]);
  });

  it('is counted over an index alone', async () => {
    const plansOf = await planner();
    const slow: string[] = [];
    for (const filter of EVERY_FILTER) {
      const [plan = ''] = await plansOf((read) => read.countSagas(filter, PAGE.cursor));
      const isIndexed = /COVERING INDEX sagas_(for_lists|by_status)/.test(plan);
      const isWide = WIDE.test(plan) || plan.includes('PRIMARY KEY');
      if (!isIndexed || isWide) slow.push(plan);
    }
    expect(slow).toEqual([]);
  });
});

describe('the other questions about the list', () => {
  it('find what is in flight by its number, and count versions over the index', async () => {
    const plansOf = await planner();
    const [list] = await plansOf((read) => read.listSagas({ step: 'pay' }, PAGE));
    expect(list).toContain('sagas USING INDEX sagas_by_wake (wake_at=? AND sid<?)');
    const [versions] = await plansOf((read) => read.versionCounts());
    expect(versions).toContain('SCAN sagas USING COVERING INDEX sagas_for_lists');
    expect(versions).not.toMatch(WIDE);
  });

  it('find the rarest status without reading the others', async () => {
    const plansOf = await planner();
    const [plan] = await plansOf((read) => read.listSagas({ status: ['parked'] }, PAGE));
    expect(plan).toContain('SEARCH sagas USING COVERING INDEX sagas_by_status (status=?');
  });

  it('count what matches, and what is new since a list was shown', async () => {
    const store = await openTestStore();
    const read = createReadModels(store.reader());
    const before = await read.newestCursor();
    expect(await read.countSagas({}, before)).toBe(0);
    await Promise.all([
      store.commit(startOf(1)),
      store.commit(startOf(2, { saga: { status: 'waiting' } })),
    ]);
    const shown = await read.newestCursor();
    await store.commit(startOf(3));
    expect(await read.countSagas({})).toBe(3);
    expect(await read.countSagas({ status: ['running'] })).toBe(2);
    expect(await read.countSagas({ status: ['running'] }, shown)).toBe(1);
    expect(await read.countSagas({ status: ['waiting'] }, shown)).toBe(0);
    expect(await read.countSagas({}, before)).toBe(3);
  });

  it('give the ids of what matches, newest first and bounded', async () => {
    const store = await openTestStore();
    const read = createReadModels(store.reader());
    await Promise.all([1, 2, 3].map((sid) => store.commit(startOf(sid))));
    expect(await read.sagaIds({ status: ['running'] }, 2)).toEqual(['saga-000003', 'saga-000002']);
    expect(await read.sagaIds({ step: 'pay' }, 9)).toHaveLength(3);
    expect(await read.sagaIds({ step: 'none' }, 9)).toEqual([]);
  });

  it('name the saga that changed longest ago among those asked for', async () => {
    const store = await openTestStore();
    const read = createReadModels(store.reader());
    await store.commit(startOf(1, { saga: { status: 'completed', updatedAtMs: 1 } }));
    await store.commit(startOf(2, { saga: { updatedAtMs: 30 } }));
    await store.commit(startOf(3, { saga: { updatedAtMs: 20 } }));
    expect((await read.oldestUnmoved(['running', 'waiting']))?.id).toBe('saga-000003');
    expect(await read.oldestUnmoved(['parked'])).toBeNull();
  });
});

describe('dead letters', () => {
  it('are grouped by what they are for, and listed by group', async () => {
    const store = await openTestStore();
    const read = createReadModels(store.reader());
    const letter = (code: string | null) => ({
      kind: 'compensation_failed' as const,
      letter: JSON.stringify({ error: code === null ? null : { code, message: 'm' } }),
    });
    const saga = { status: 'compensation_failed' as const };
    await store.commit(startOf(1, { saga, deadLetter: letter('refused') }));
    await store.commit(startOf(2, { saga, deadLetter: letter('refused') }));
    await store.commit(startOf(3, { saga, deadLetter: letter(null) }));
    const groups = await read.deadLetterGroups();
    const group = { type: 'order', kind: 'compensation_failed' };
    expect(groups).toEqual([
      { ...group, code: 'refused', count: 2, oldestMs: 1_002 },
      { ...group, code: '', count: 1, oldestMs: 1_004 },
    ]);
    const [first, second] = groups;
    const page = { limit: 50, cursor: null };
    expect((await read.deadLetters(page, first)).items.map(({ sagaId }) => sagaId)).toEqual([
      'saga-000002',
      'saga-000001',
    ]);
    expect((await read.deadLetters(page, second)).items).toHaveLength(1);
  });
});
