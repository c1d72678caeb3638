/** The engine under load over a PostgreSQL of its own, whose commits wait for the disk. */
import pg from 'pg';
import type { Activities } from '../../src/core/activity.ts';
import { openBackstep } from '../../src/runtime/open-backstep.ts';
import { startCluster } from '../postgres/cluster.ts';
import { findPostgres, POSTGRES_CURE } from '../postgres/find-postgres.ts';
import { type Loaded, warmUp } from './engine-load.ts';
import { cpuSecondsOf } from './machine-load.ts';
import type { FourSteps } from './workload.ts';

export interface LoadedOnPostgres extends Pick<Loaded, 'backstep' | 'run'> {
  /** What the server has used so far. */
  serverFigures(): Promise<{ readonly walBytes: number; readonly cpuSeconds: number }>;
  close(): Promise<void>;
}

const DATABASE = 'postgres';
export interface PostgresLoadOptions {
  /** Sagas before anything is measured. */
  readonly warm?: number;
  /** Makes the database what it is before the engine opens it. */
  readonly prefill?: (url: string) => Promise<void>;
}

/** Throws with the cure where there is no PostgreSQL. */
export async function openLoadedOnPostgres(
  activities: Activities<FourSteps>,
  { warm, prefill }: PostgresLoadOptions = {},
): Promise<LoadedOnPostgres> {
  const found = findPostgres(process.env);
  if (found?.kind !== 'programs') throw new Error(POSTGRES_CURE);
  const cluster = await startCluster({ programs: found.folder, fsync: true });
  const url = cluster.adminUrl(DATABASE);
  await prefill?.(url);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const loaded = await warmUp(await openBackstep({ database: url }), activities, warm);
  return {
    backstep: loaded.backstep,
    run: loaded.run,
    serverFigures: async () => {
      const sql = "SELECT (pg_current_wal_lsn() - '0/0')::float8 AS bytes";
      const { rows } = await client.query<{ bytes: number }>(sql);
      return { walBytes: rows[0]?.bytes ?? NaN, cpuSeconds: cpuSecondsOf(cluster.pid) };
    },
    close: async () => {
      await loaded.backstep.stop();
      await client.end();
      await cluster.dispose();
    },
  };
}
