/** What is written where much is stored is found by an index, and costs what it writes. */
import type pg from 'pg';
import { expect, it } from 'vitest';
import { WRITER_SETTINGS } from '../../../src/store/postgres/writer/session.ts';
import {
  type EngineStatements,
  engineStatements,
} from '../../../src/store/postgres/writer/statements.ts';
import { createEngineReads } from '../../../src/store/queries/engine-reads.ts';
import { removalStatements } from '../../../src/store/queries/removal.ts';
import { describeOnPostgres } from '../../postgres/databases.ts';
import { storeManySagas } from '../conformance/many-sagas.ts';
import { costInPostgres, postgresPlanner } from '../conformance/planners.ts';

const ENDED = 50_000;
/** What a removal of 50 sagas may cost, each with rows in six tables. */
const MANY_PAGES = 5_000;
/** Tables that grow with the sagas that ran. */
const GROWING = ['sagas', 'journal', 'start_keys', 'audit', 'ended_sagas'];

describeOnPostgres('where many sagas are stored', () => {
  it('the writer and the removal find each row by an index', async () => {
    const { client, db } = await postgresPlanner((filled) => storeManySagas(filled, ENDED));
    const sids = Array.from({ length: 50 }, (_, index) => index + 1);
    const { clearing, forgetting, takingBack } = createEngineReads(db).inbox;
    const age = { answeredBeforeMs: 10_000, refusedBeforeMs: 10_000, refusedKept: 100 };
    const beside = [
      ...removalStatements(db, sids),
      ...clearing(age),
      forgetting(['request-1']),
      takingBack('request-20001'),
    ];
    const { pages, whole, plans } = await costInPostgres(client, beside);
    const isWhole = whole.some((table) => GROWING.includes(table));
    expect(isWhole ? plans : []).toEqual([]);
    expect(pages).toBeLessThan(MANY_PAGES);
    for (const [name, value] of Object.entries(WRITER_SETTINGS)) {
      await client.query(`SET ${name} = '${value}'`);
    }
    const scans: string[] = [];
    for (const [name, sql] of textsOf(engineStatements('backstep'))) {
      const plan = await genericPlan(client, name, sql);
      if (/Seq Scan on/.test(plan)) scans.push(`${name}: ${plan}`);
    }
    expect(scans).toEqual([]);
  }, 120_000);
});

/** As the writer's connection keeps it, whatever values come. */
async function genericPlan(client: pg.Client, name: string, sql: string): Promise<string> {
  const count = new Set(sql.match(/\$\d+/g)).size;
  const values = count === 0 ? '' : `(${Array(count).fill('NULL').join(', ')})`;
  await client.query(`PREPARE ${name} AS ${sql}`);
  const { rows } = await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN EXECUTE ${name}${values}`);
  return rows.map((row) => row['QUERY PLAN']).join('\n');
}

function textsOf(statements: EngineStatements): readonly (readonly [name: string, sql: string])[] {
  return Object.entries(statements).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value] as const] : Object.entries(value),
  );
}
