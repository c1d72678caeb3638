/**
 * A replica takes the place of the server while an engine owns its database. What the replica lacks
 * nobody can tell the owner, so it stops; a process that begins anew goes on from what is there.
 */
import { expect, it, onTestFinished } from 'vitest';
import { migratePostgres } from '../../../src/store/postgres/migrate.ts';
import type { Cluster } from '../../postgres/cluster.ts';
import { connectTo, describeOnPostgres, ownCluster } from '../../postgres/databases.ts';
import { startProxy } from '../../postgres/proxy.ts';
import { openPostgresStoreHere } from '../../postgres/writer-store.ts';
import { startOf, turnOf } from '../saga-commits.ts';
import { reasonOf, untilHealth } from '../store-fixture.ts';

const TIMINGS = { firstReconnectMs: 5, longestReconnectMs: 20, pollEveryMs: 20, deadAfterMs: 200 };

describeOnPostgres('when a replica takes the place of the server', () => {
  it('an owner stops rather than going on over a history that lacks what it acknowledged', async () => {
    const { primary, replica, proxy, store } = await arena();
    await store.commit(startOf(1));
    await untilSame(primary, replica);
    await replica.stop('fast');
    expect(await store.commit(turnOf(1, 2))).toMatchObject({ kind: 'committed' });
    await primary.stop('kill');
    await replica.start();
    const failed = untilHealth(store, 'failed');
    const stalled = untilHealth(store, 'stalled');
    proxy.leadTo(replica.tcpUrl('sagas'));
    await stalled; // it cannot be written yet
    await promote(replica);
    await failed;
    expect(reasonOf(store)).toMatch(/went back to an earlier state/);
    expect(await seqsIn(replica)).toEqual(['1']);
  });

  it('a fresh process goes on from one that had everything; the owner before has to end', async () => {
    const { primary, replica, proxy, store } = await arena();
    await store.commit(startOf(1));
    await store.commit(turnOf(1, 2));
    await untilSame(primary, replica);
    await primary.stop('kill');
    await promote(replica);
    const failed = untilHealth(store, 'failed');
    proxy.leadTo(replica.tcpUrl('sagas'));
    await failed;
    const fresh = openPostgresStoreHere(replica.tcpUrl('sagas'), { timings: TIMINGS });
    onTestFinished(() => fresh.close());
    const { lastSeq, wasLeftClean } = await fresh.own();
    expect({ lastSeq, wasLeftClean }).toEqual({ lastSeq: 2, wasLeftClean: false });
    expect(await fresh.loadBySid(1)).toMatchObject({ seq: 2 });
    expect(await fresh.commit(turnOf(1, 3))).toMatchObject({ kind: 'committed', seq: 3 });
    expect(await seqsIn(replica)).toEqual(['1', '2', '3']);
  });
});

/** A server, a replica that follows it, and a store that owns its database through a proxy. */
async function arena() {
  const primary = await ownCluster();
  const admin = await connectTo(primary.adminUrl('postgres'));
  await admin.query('CREATE DATABASE sagas OWNER owner');
  await migratePostgres(primary.url('sagas'));
  const replica = await primary.replica();
  onTestFinished(() => replica.dispose());
  const proxy = await startProxy(primary.tcpUrl('sagas'));
  const store = openPostgresStoreHere(proxy.url, { timings: TIMINGS });
  onTestFinished(() => store.close());
  await store.own();
  return { primary, replica, proxy, store };
}

/** Resolves once the replica shows all that the server has written. */
async function untilSame(primary: Cluster, replica: Cluster): Promise<void> {
  const leader = await connectTo(primary.adminUrl('sagas'));
  const follower = await connectTo(replica.adminUrl('sagas'));
  const { rows } = await leader.query<{ lsn: string }>('SELECT pg_current_wal_lsn() AS lsn');
  const isThere = 'SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS "isThere"';
  for (;;) {
    const answer = await follower.query<{ isThere: boolean }>(isThere, [rows[0]?.lsn]);
    if (answer.rows[0]?.isThere === true) return;
  }
}

async function promote(replica: Cluster): Promise<void> {
  const admin = await connectTo(replica.adminUrl('postgres'));
  await admin.query('SELECT pg_promote()');
}

async function seqsIn(cluster: Cluster): Promise<readonly unknown[]> {
  const client = await connectTo(cluster.url('sagas'));
  const { rows } = await client.query<{ seq: string }>(
    'SELECT seq FROM backstep.journal ORDER BY seq',
  );
  return rows.map(({ seq }) => seq);
}
