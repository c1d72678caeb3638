/** Turns that cannot be written for more than one reason: which of them is the outcome. */
import { describe, expect, it } from 'vitest';
import type { CommitOutcome, SagaCommit } from '../../../src/store/commit.ts';
import { startOf, turnOf } from '../saga-commits.ts';
import { amountsIn, databaseWithItems, STORES, type StoreKind } from './stores.ts';

type Statements = SagaCommit['statements'];

const keyed = (sid: number, statements: Statements) =>
  startOf(sid, { birth: { key: 'cart', inputHash: `hash-${sid}` }, statements });

/** What keeps a turn from being written, whatever its statements come to; sid 1 is stored. */
const REFUSED: readonly (readonly [
  why: string,
  commit: (statements: Statements) => SagaCommit,
  outcome: CommitOutcome,
])[] = [
  ['is stale', (statements) => turnOf(1, 3, { statements }), { kind: 'stale', storedSeq: 1 }],
  [
    'is of no saga',
    (statements) => turnOf(7, 2, { statements }),
    { kind: 'stale', storedSeq: null },
  ],
  [
    'starts what is there',
    (statements) => startOf(1, { birth: { id: 'other' }, statements }),
    { kind: 'stale', storedSeq: 1 },
  ],
  [
    'has a key that is taken',
    (statements) => keyed(8, statements),
    { kind: 'key-taken', sagaId: 'saga-000001', inputHash: 'hash-1' },
  ],
  [
    'has a row of the inbox that is gone',
    (statements) => ({ ...turnOf(1, 2, { statements }), inbox: { id: 404, answer: null } }),
    { kind: 'withdrawn' },
  ],
];

async function openWithOne(kind: StoreKind) {
  const store = await (await databaseWithItems(kind)).open();
  await store.commit(keyed(1, []));
  return { store, amounts: () => amountsIn(store) };
}

describe.each(STORES)('over $name', (kind) => {
  const take = (name: string) => ({
    sql: kind.placeholders('UPDATE items SET amount = amount - 1 WHERE name = ? AND amount > 0'),
    parameters: [name],
    expect: { changes: 1, code: 'OutOfStock', message: `no ${name}` },
  });
  // What cannot be handed over is rejected before anybody looks at the turn.
  const bad = kind.bad.filter(([why]) => why !== 'binds what cannot be sent');
  const statements: readonly (readonly [string, Statements])[] = [
    ['would be written', [take('pen')]],
    ['is not met', [take('pen'), take('ink')]],
    ...bad.map(([why, sql, parameters]) => [why, [take('pen'), { sql, parameters }]] as const),
  ];

  kind.describe('a turn', () => {
    it.each(REFUSED)('that %s is that, whatever its statements are', async (_, commit, outcome) => {
      const { store, amounts } = await openWithOne(kind);
      for (const [why, each] of statements) {
        expect([why, await store.commit(commit(each))]).toEqual([why, outcome]);
      }
      expect(await amounts()).toEqual([2, 0]);
    });

    it.each(REFUSED)('that %s is that beside others in its batch', async (_, commit, outcome) => {
      const { store, amounts } = await openWithOne(kind);
      const [first, ...others] = statements.map(([, each]) => commit(each));
      const batch = [
        startOf(20, { statements: [take('pen')] }),
        ...(first === undefined ? [] : [first]),
        startOf(21, { statements: [take('ink')] }),
        startOf(22),
        ...others,
      ];
      const outcomes = await Promise.all(batch.map((each) => store.commit(each)));
      expect(outcomes).toEqual([
        { kind: 'committed', seq: 2 },
        outcome,
        { kind: 'unmet', code: 'OutOfStock', message: 'no ink' },
        { kind: 'committed', seq: 3 },
        ...others.map(() => outcome),
      ]);
      expect(await amounts()).toEqual([1, 0]);
      expect(store.health()).toEqual({ kind: 'ready' });
    });
  });
});
