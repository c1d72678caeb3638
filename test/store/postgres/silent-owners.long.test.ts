/**
 * A database of PostgreSQL whose owner hangs or cannot be reached: it is taken from that one after a
 * silence, which these tests wait out. Owners that stop or die: ownership.test.ts.
 */
import { expect, it, onTestFinished } from 'vitest';
import { TAKEN_OVER } from '../../../src/store/final-fault.ts';
import { Contender } from '../../postgres/contender.ts';
import { connectTo, describeOnPostgres } from '../../postgres/databases.ts';
import {
  type PostgresStoreDatabase,
  postgresStoreDatabase,
} from '../../postgres/postgres-store.ts';
import { startProxy } from '../../postgres/proxy.ts';
import { startOf, turnOf } from '../saga-commits.ts';
import { IMPATIENT, linesOf, ownerSeenBy } from './owners.ts';

/** A URL of a role that may do all with the rows, and nothing to sessions of the other. */
async function strangerTo(database: PostgresStoreDatabase): Promise<string> {
  const role = `${database.name}_stranger`;
  const admin = await connectTo(database.adminUrl);
  await admin.query(`CREATE ROLE ${role} LOGIN; GRANT USAGE ON SCHEMA backstep TO ${role};
    GRANT ALL ON ALL TABLES IN SCHEMA backstep, public TO ${role}`);
  onTestFinished(async () => void (await admin.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)));
  const url = new URL(database.url);
  url.username = role;
  return url.href;
}

describeOnPostgres('a database of PostgreSQL', () => {
  it('is taken from an owner that stands still, which writes nothing once it goes on', async () => {
    const database = await postgresStoreDatabase();
    const owner = new Contender(database.url, 1, IMPATIENT);
    await owner.until('acknowledged', 200);
    const standby = database.open({ timings: IMPATIENT });
    await ownerSeenBy(standby);
    owner.process.kill('SIGSTOP');
    await standby.own();
    const before = await linesOf(database);
    owner.process.kill('SIGCONT');
    await owner.until('failed');
    expect(owner.reason).toBe(TAKEN_OVER.reason);
    expect(await linesOf(database)).toEqual(before);
    expect(before).toEqual(expect.arrayContaining(owner.acknowledged));
  });

  it('is taken from an owner that nobody can reach, which fails once it is reached again', async () => {
    const database = await postgresStoreDatabase();
    const proxy = await startProxy(database.tcpUrl);
    const timings = { ...IMPATIENT, answerLimitMs: 500 };
    const owner = database.open({ url: proxy.url, timings });
    await owner.own();
    await owner.commit(startOf(1));
    const standby = database.open({ timings });
    await ownerSeenBy(standby);
    proxy.swallow();
    const commit = owner.commit(turnOf(1, 2));
    await standby.own();
    expect(await standby.commit(turnOf(1, 2))).toMatchObject({ kind: 'committed' });
    proxy.restore();
    await expect(commit).rejects.toMatchObject({ code: 'storage-failed' });
    expect(owner.health()).toEqual(TAKEN_OVER);
    expect(await linesOf(database)).toEqual(['1/1', '1/2']);
  });

  it('is taken by one who may not end what the owner has left open, once the server has', async () => {
    const database = await postgresStoreDatabase();
    await database.exec('CREATE TABLE items (name text PRIMARY KEY, amount integer)');
    const proxy = await startProxy(database.tcpUrl);
    const owner = database.open({ url: proxy.url, timings: IMPATIENT });
    await owner.own();
    const standby = database.open({ url: await strangerTo(database), timings: IMPATIENT });
    await ownerSeenBy(standby);
    const silenced = proxy.silenceAfter(1, 'to-client', 'backstep-writer');
    const put = { sql: "INSERT INTO items VALUES ('pen', 1)", parameters: [] };
    const write = owner.write([put]);
    await silenced;
    proxy.swallow();
    await standby.own();
    expect(await standby.write([put])).toEqual({ kind: 'committed', changes: [1] });
    proxy.restore();
    await expect(write).rejects.toMatchObject({ code: 'storage-failed' });
    expect(owner.health()).toEqual(TAKEN_OVER);
    expect(await database.query('SELECT * FROM items')).toEqual([['pen', 1]]);
  });
});
