/**
 * A database that is no longer what its owner has seen of it: a copy of earlier, or another server
 * in its place. The owner stops rather than going on from what may lack acknowledged turns.
 */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { connectTo, describeOnPostgres, ownCluster } from '../../postgres/databases.ts';
import { openPostgresStore, postgresStoreDatabase } from '../../postgres/postgres-store.ts';
import { startOf, turnOf } from '../saga-commits.ts';
import { reasonOf, untilHealth } from '../store-fixture.ts';

const TIMINGS = { firstReconnectMs: 5, longestReconnectMs: 20 };
const WENT_BACK = /went back to an earlier state/;

describeOnPostgres('an owner', () => {
  it('stops when the server comes back with an earlier copy of its data', async () => {
    const cluster = await ownCluster();
    const admin = await connectTo(cluster.adminUrl('postgres'));
    await admin.query('CREATE DATABASE sagas OWNER owner');
    const store = await openPostgresStore(cluster.url('sagas'), { timings: TIMINGS });
    await store.own();
    await store.commit(startOf(1));
    const client = await connectTo(cluster.url('sagas'));
    await client.query("CREATE TABLE items AS SELECT 'pen' AS name, 1 AS amount");
    const data = join(cluster.folder, 'data');
    const copy = join(cluster.folder, 'copy');
    await cluster.stop('fast');
    copyFolder(data, copy);
    await cluster.start();
    await untilHealth(store, 'ready');
    // It leaves nothing in the journal that could be missed.
    const write = { sql: 'UPDATE items SET amount = 2', parameters: [] };
    expect(await store.write([write])).toMatchObject({ kind: 'committed' });
    const failed = untilHealth(store, 'failed');
    await cluster.stop('kill');
    rmSync(data, { recursive: true });
    copyFolder(copy, data);
    await cluster.start();
    await failed;
    expect(reasonOf(store)).toMatch(WENT_BACK);
  });

  it('stops when what it acknowledged last is gone from the journal', async () => {
    const database = await postgresStoreDatabase();
    const store = database.open({ timings: TIMINGS });
    await store.own();
    await store.commit(startOf(1));
    await store.commit(turnOf(1, 2));
    const failed = untilHealth(store, 'failed');
    await database.exec('DELETE FROM backstep.journal WHERE seq = 2');
    await database.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name LIKE 'backstep-writer%' AND datname = current_database()`,
    );
    await failed;
    expect(reasonOf(store)).toMatch(WENT_BACK);
  });
});

/** With owners and times, as a backup of the files has it. */
function copyFolder(from: string, to: string): void {
  execFileSync('cp', ['-a', from, to]);
}
