/** What sagas write into the database that they are kept in. */
import { expect } from 'vitest';
import { transactional } from '../../../src/core/activity.ts';
import type { Case } from '../case.ts';
import { pivotSaga } from '../sagas.ts';

const REFUSED = 'p-refused';

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

export const DATABASE_CASES: readonly Case[] = [
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
