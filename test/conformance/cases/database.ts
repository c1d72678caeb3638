/** What sagas write into the database that they are kept in. */
import { expect } from 'vitest';
import { transactional } from '../../../src/core/activity.ts';
import type { Case } from '../case.ts';
import { INPUT, parcelSaga, pivotSaga, requestSaga } from '../sagas.ts';
import { statementOf } from '../../../src/store/dialect.ts';
import type { NewRow } from '../../../src/store/queries/inbox-rows.ts';
import type { DatabaseAccess, Store } from '../../../src/store/store.ts';

const REFUSED = 'p-refused';
const payload = JSON.stringify(INPUT);
const approval = { kind: 'event', payload: '{"type":"approve"}' } as const;
/** A row is taken some time after it is there. */
const POLLING = { timeout: 10_000, interval: 50 };

interface Given {
  readonly of: string;
}

const answer = ({ of }: Given) => ({ receipt: of });

/** Writes that it was made, and then finds that it must not be, where it is refused. */
const decide = transactional(({ of }: Given, { key }) => ({
  statements: [
    { sql: 'INSERT INTO decided (of_key) VALUES ($1)', parameters: [key] },
    {
      sql: 'UPDATE decided SET of_key = of_key WHERE of_key = $1',
      parameters: [of === REFUSED ? 'nobody' : key],
      expect: { changes: 1, code: 'refused', message: 'it must not be' },
    },
  ],
  output: { receipt: of },
}));

/** Asks for what a program would in its own transaction. */
async function asksFor(store: DatabaseAccess, rows: readonly Partial<NewRow>[]): Promise<void> {
  const none = {
    kind: 'start',
    target: 'parcel',
    payload: '{}',
    key: null,
    options: null,
  } as const;
  // Its own names, which on PostgreSQL have a schema: the store of each host is the whole one.
  const insert = (store as Store).tables().insertInto('inbox');
  const all = rows.map((row) => statementOf(insert.values({ ...none, ...row })));
  expect(await store.write(all)).toMatchObject({ kind: 'committed' });
}

export const DATABASE_CASES: readonly Case[] = [
  {
    title: 'rows of the inbox start sagas and send events, each once, and leave the table',
    isShort: true,
    async run(scene) {
      const fakes = scene.bind(requestSaga());
      const { store, read } = await scene.deploy();
      const { key } = scene;
      const start = { target: 'request', payload, key };
      await asksFor(store, [start]);
      await expect.poll(() => read.idOfKey('request', key), POLLING).not.toBeNull();
      const id = (await read.idOfKey('request', key)) ?? '';
      await scene.hasStatus(id, 'waiting');
      await asksFor(store, [start, { ...approval, target: id, key: 'e-1' }]);
      await scene.settles(id, 'completed');
      await expect.poll(() => read.inboxFigures(), POLLING).toMatchObject({ waiting: 0 });
      expect(await read.inboxFigures()).toMatchObject({ refused: 0 });
      expect(fakes.standing).toEqual(['file', 'grant']);
      expect(await read.countSagas({})).toBe(1);
    },
  },
  {
    title: 'rows of the inbox without a key are taken once each, and one that is refused says why',
    // Two of them begin at the same time.
    isRacing: true,
    async run(scene) {
      const fakes = scene.bind(parcelSaga);
      const { store, read } = await scene.deploy();
      await asksFor(store, [{ payload }, {}, { payload }, { ...approval, target: 'nobody' }]);
      const counts = () => read.countSagas({ status: ['completed'] });
      await expect.poll(counts, POLLING).toBe(2);
      await expect.poll(() => read.inboxFigures(), POLLING).toMatchObject({ waiting: 0 });
      const refused = await read.refusedRows(10);
      const codes = refused.map((row) => (JSON.parse(row.answer) as { code: string }).code);
      expect(codes.toSorted()).toEqual(['input-invalid', 'not-found']);
      expect(fakes.calls).toHaveLength(8);
    },
  },
  {
    title: 'a transactional activity writes with its turn, or nothing',
    needs: 'transactionalActivities',
    isShort: true,
    async run(scene) {
      const activities = { hold: answer, unhold: answer, decide, deliver: answer };
      scene.bindTo(pivotSaga, { activities });
      const { store } = await scene.deploy();
      await scene.runs('pivot', 'compensated', REFUSED);
      const { id } = await scene.runs('pivot', 'completed');
      const rows = await store
        .reader<{ decided: { of_key: string } }>()
        .selectFrom('decided')
        .select('of_key')
        .execute();
      expect(rows.map((row) => row.of_key)).toEqual([expect.stringContaining(id)]);
    },
  },
];
