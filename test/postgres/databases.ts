/**
 * Databases of PostgreSQL for tests: a fresh one a test, in the cluster that the run shares, and
 * clusters of a test's own for what stops servers.
 */
import { randomBytes } from 'node:crypto';
import { createConnection } from 'node:net';
import { text } from 'node:stream/consumers';
import pg from 'pg';
import { describe, inject, onTestFinished } from 'vitest';
import { type Cluster, type ClusterOptions, startCluster } from './cluster.ts';
import { findPostgres, isSwitchedOff, POSTGRES_CURE } from './find-postgres.ts';
import type { SharedPostgres } from './global-setup.ts';
import { createDatabase, dropDatabase, withDatabase } from './template.ts';

/** As `describe`, for tests that need PostgreSQL: left out only where it is switched off by name. */
export const describeOnPostgres = isSwitchedOff(process.env) ? describe.skip : describe;

/** URLs of one database. */
export interface TestDatabase {
  readonly name: string;
  /** For its owner, who may do in it what he likes, and is no superuser. */
  readonly url: string;
  /** The same over a TCP port, with a password. */
  readonly tcpUrl: string;
  /** For a superuser. */
  readonly adminUrl: string;
}

/** An empty database that goes when the test ends. */
export function postgresDatabase(): Promise<TestDatabase> {
  return freshDatabase((shared, name) => createDatabase(shared, name));
}

/** One with the engine's tables in the schema `backstep`, and nothing in them. */
export function migratedDatabase(): Promise<TestDatabase> {
  return freshDatabase((shared, name) => createDatabase(shared, name, shared.template));
}

async function freshDatabase(
  create: (shared: ReadyPostgres, name: string) => Promise<void>,
): Promise<TestDatabase> {
  const shared = await sharedPostgres();
  const name = `test_${randomBytes(6).toString('hex')}`;
  await create(shared, name);
  onTestFinished(() => dropDatabase(shared.adminUrl, name));
  const urlIn = (url: string): string => withDatabase(url, name);
  const { url, tcpUrl, adminUrl } = shared;
  return { name, url: urlIn(url), tcpUrl: urlIn(tcpUrl), adminUrl: urlIn(adminUrl) };
}

/** A cluster of the test's own, which goes when the test ends. Throws with the cure without one. */
export async function ownCluster(options: Omit<ClusterOptions, 'programs'> = {}): Promise<Cluster> {
  const found = findPostgres(process.env);
  // A server that somebody else keeps is not ours to stop.
  const { BACKSTEP_TEST_POSTGRES: _, ...systems } = process.env;
  const programs = found?.kind === 'programs' ? found : findPostgres(systems);
  if (programs?.kind !== 'programs') throw new Error(POSTGRES_CURE);
  const cluster = await startCluster({ ...options, programs: programs.folder });
  onTestFinished(() => cluster.dispose());
  return cluster;
}

/** A connection that is closed when the test ends; its loss is told by its next query. */
export async function connectTo(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

type ReadyPostgres = Extract<SharedPostgres, { kind: 'ready' }>;

let asked: Promise<SharedPostgres> | null = null;

async function sharedPostgres(): Promise<ReadyPostgres> {
  asked ??= text(createConnection(inject('postgresSocket'))).then(
    (answer) => JSON.parse(answer) as SharedPostgres,
  );
  const shared = await asked;
  if (shared.kind === 'missing') throw new Error(shared.reason);
  return shared;
}
