/**
 * Connections that are lost with a batch in hand: whether it was committed is found out over the
 * next one. Acknowledged and lost, or written twice, is nothing; the global seq has no gaps. At every
 * message of a batch: unknown-commits.long.test.ts.
 */
import { expect, it } from 'vitest';
import { connectTo, describeOnPostgres, ownCluster } from '../../postgres/databases.ts';
import {
  openPostgresStore,
  type PostgresStoreDatabase,
  postgresStoreDatabase,
} from '../../postgres/postgres-store.ts';
import { startProxy } from '../../postgres/proxy.ts';
import { startOf, turnOf } from '../saga-commits.ts';
import { untilHealth } from '../store-fixture.ts';
import {
  committed,
  expectGapless,
  prepared,
  TIMINGS,
  triesCuts,
  WRITER,
} from './lost-connections.ts';

describeOnPostgres('a connection that is lost', () => {
  triesCuts(5);

  it('is made anew while nothing is written, and the store says so', async () => {
    const { database, store } = await prepared();
    const stalled = untilHealth(store, 'stalled');
    await terminateWriters(database);
    await stalled;
    await untilHealth(store, 'ready');
    expect(await store.commit(turnOf(1, 2))).toEqual(committed);
  });

  it('counts as lost when the server is silent for too long', async () => {
    const database = await postgresStoreDatabase();
    const proxy = await startProxy(database.tcpUrl);
    const store = database.open({ url: proxy.url, timings: { ...TIMINGS, answerLimitMs: 300 } });
    await store.own();
    await store.commit(startOf(1));
    proxy.swallow();
    const commit = store.commit(turnOf(1, 2));
    await untilHealth(store, 'stalled');
    proxy.restore();
    expect(await commit).toEqual({ kind: 'committed', seq: 2 });
    await expectGapless(database);
  });

  it('is lost again and again under load, and every turn is written once', async () => {
    const { database, store } = await prepared();
    const progress = { cutsLeft: 20 };
    let next = Promise.withResolvers<void>();
    const lanes = Array.from({ length: 40 }, async (_, lane) => {
      const outcomes: unknown[] = [];
      for (let seq = 2; progress.cutsLeft > 0; seq += 1) {
        outcomes.push(await store.commit(turnOf(lane + 1, seq)));
        next.resolve();
      }
      return outcomes;
    });
    while (progress.cutsLeft > 0) {
      await terminateWriters(database);
      next = Promise.withResolvers();
      await next.promise;
      progress.cutsLeft -= 1;
    }
    const outcomes = (await Promise.all(lanes)).flat();
    expect(outcomes.length).toBeGreaterThan(20);
    expect(outcomes).toEqual(outcomes.map(() => committed));
    await expectGapless(database);
  });

  it('is lost with the server, which comes back', async () => {
    const cluster = await ownCluster();
    const admin = await connectTo(cluster.adminUrl('postgres'));
    await admin.query('CREATE DATABASE sagas OWNER owner');
    await admin.end();
    const store = await openPostgresStore(cluster.url('sagas'), { timings: TIMINGS });
    await store.own();
    await store.commit(startOf(1));
    let seq = 1;
    for (const mode of ['immediate', 'fast', 'kill'] as const) {
      const stalled = untilHealth(store, 'stalled');
      await cluster.stop(mode);
      await stalled;
      seq += 1;
      const commit = store.commit(turnOf(1, seq));
      await cluster.start();
      expect(await commit).toEqual({ kind: 'committed', seq });
    }
    expect(store.health()).toEqual({ kind: 'ready' });
  });
});

async function terminateWriters(database: PostgresStoreDatabase): Promise<void> {
  await database.query(
    `SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity
      WHERE application_name LIKE '${WRITER}%' AND datname = current_database()`,
  );
}
