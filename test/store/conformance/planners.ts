/**
 * How each database would answer what it is asked: which tables it would read whole, and how many
 * pages that takes where the database tells.
 */
import { Kysely, PostgresDialect, SqliteDialect } from 'kysely';
import pg from 'pg';
import { onTestFinished } from 'vitest';
import { migrateDatabase } from '../../../src/store/migrate-database.ts';
import { VALUE_TYPES } from '../../../src/store/postgres/connection/client.ts';
import type { EngineTables } from '../../../src/store/schema.ts';
import { inSchema } from '../../../src/store/table-names.ts';
import { connectTo, migratedDatabase } from '../../postgres/databases.ts';
import { connect, temporaryDatabase } from '../store-fixture.ts';

/** What an answer costs, all of its statements together. */
export interface Cost {
  /** Tables that are read from end to end. */
  readonly whole: readonly string[];
  /** Pages of the database; 0 where that is not told. */
  readonly pages: number;
  /** For people who look into a failure. */
  readonly plans: readonly string[];
}

export interface Planner {
  readonly db: Kysely<EngineTables>;
  /** `isPlanned`: the pages are not counted, which takes as long as the answer. */
  costOf(question: () => Promise<unknown>, isPlanned?: boolean): Promise<Cost>;
}

interface Asked {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/** SQLite chooses by its indexes alone, so the tables may be empty. */
export async function sqlitePlanner(): Promise<Planner> {
  const path = temporaryDatabase();
  await migrateDatabase(path);
  const database = connect(path);
  const asked: Asked[] = [];
  const db = new Kysely<EngineTables>({
    dialect: new SqliteDialect({ database }),
    log: ({ query }) => void asked.push(query),
  });
  return {
    db,
    async costOf(question) {
      asked.length = 0;
      await question();
      const whole: string[] = [];
      const plans = asked.map(({ sql, parameters }) => {
        const explain = database.prepare<unknown[], { detail: string }>(
          `EXPLAIN QUERY PLAN ${sql}`,
        );
        const details = explain.all(...parameters).map(({ detail }) => detail);
        whole.push(...wholeInSqlite(sql, details));
        return [sql, ...details].join('\n');
      });
      return { whole, pages: 0, plans };
    },
  };
}

// What is read in the order of a table's own key up to a limit is a scan to it, and ends early.
function wholeInSqlite(sql: string, details: readonly string[]): readonly string[] {
  const scans = details.flatMap((detail) => /^SCAN (\w+)$/.exec(detail)?.[1] ?? []);
  const isLimited = (table: string): boolean =>
    new RegExp(`from "${table}".* order by ("${table}"\\.)?"(sid|seq|id)"( desc)? limit`).test(sql);
  return scans.filter((table) => !isLimited(table));
}

/** PostgreSQL chooses by how much there is: `fill` puts it there. */
export async function postgresPlanner(
  fill: (client: pg.Client) => Promise<void>,
): Promise<Planner & { readonly client: pg.Client }> {
  const { url } = await migratedDatabase();
  const client = await connectTo(url);
  await fill(client);
  const asked: Asked[] = [];
  const pool = new pg.Pool({ connectionString: url, max: 1, types: VALUE_TYPES });
  const plain = new Kysely<EngineTables>({
    dialect: new PostgresDialect({ pool }),
    log: ({ query }) => void asked.push(query),
  });
  onTestFinished(() => plain.destroy());
  return {
    client,
    db: inSchema('backstep').inKysely(plain),
    async costOf(question, isPlanned = false) {
      asked.length = 0;
      await question();
      return await costInPostgres(client, asked, isPlanned);
    },
  };
}

/** What statements cost, run or only planned; what they write is taken back. */
export async function costInPostgres(
  client: pg.Client,
  asked: readonly Asked[],
  isPlanned = false,
): Promise<Cost> {
  const how = isPlanned ? 'FORMAT JSON' : 'ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON';
  const whole: string[] = [];
  const plans: string[] = [];
  let pages = 0;
  await client.query('BEGIN');
  for (const { sql, parameters } of asked) {
    const { rows } = await client.query<{ 'QUERY PLAN': readonly [{ Plan: PlanNode }] }>(
      `EXPLAIN (${how}) ${sql}`,
      [...parameters],
    );
    const plan = rows[0]?.['QUERY PLAN'][0].Plan;
    if (plan === undefined) throw new Error('there is no plan');
    pages += (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0);
    whole.push(...wholeInPostgres(plan));
    plans.push(`${sql}\n${JSON.stringify(plan, null, 1)}`);
  }
  await client.query('ROLLBACK');
  return { whole, pages, plans };
}

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Shared Hit Blocks'?: number;
  readonly 'Shared Read Blocks'?: number;
  readonly Plans?: readonly PlanNode[];
}

function wholeInPostgres(node: PlanNode): readonly string[] {
  const own = node['Node Type'] === 'Seq Scan' ? [node['Relation Name'] ?? ''] : [];
  return [...own, ...(node.Plans ?? []).flatMap(wholeInPostgres)];
}
