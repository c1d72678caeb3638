/**
 * Who owns a database of PostgreSQL, and how another process comes to own it: at a clean stop, at a
 * death, from one that hangs, and not from one that is well.
 */
import { setImmediate } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import type { PostgresTimings } from '../../../src/store/postgres/ownership/timings.ts';
import type { Store, StoreHealth } from '../../../src/store/store.ts';
import { connectTo, describeOnPostgres, ownCluster } from '../../postgres/databases.ts';
import { TAKEN_OVER } from '../../../src/store/final-fault.ts';
import { Contender } from '../../postgres/contender.ts';
import {
  openPostgresStore,
  type PostgresStoreDatabase,
  postgresStoreDatabase,
} from '../../postgres/postgres-store.ts';
import { openPostgresStoreHere } from '../../postgres/writer-store.ts';
import { startProxy } from '../../postgres/proxy.ts';
import { startOf, turnOf } from '../saga-commits.ts';
import { untilHealth } from '../store-fixture.ts';

/** So that an owner on a busy machine is not taken for one that hangs. */
const TIMINGS: Partial<PostgresTimings> = {
  beatEveryMs: 100,
  pollEveryMs: 50,
  deadAfterMs: 500,
  hungAfterMs: 10_000,
};
const IMPATIENT = { ...TIMINGS, hungAfterMs: 1_500 };

/** Resolves with who owns the database, once the standby knows. */
function ownerSeenBy(standby: Store): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const look = (health: StoreHealth): void => {
    if (health.kind === 'standby' && health.owner !== null) resolve(health.owner);
  };
  standby.onHealth(look);
  look(standby.health());
  return promise;
}

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

async function linesOf(database: PostgresStoreDatabase): Promise<readonly string[]> {
  const rows = await database.query('SELECT seq, sid, saga_seq FROM backstep.journal ORDER BY seq');
  expect(rows.map(([seq]) => Number(seq))).toEqual(rows.map((_, index) => index + 1));
  return rows.map(([, sid, sagaSeq]) => `${String(sid)}/${String(sagaSeq)}`);
}

describeOnPostgres('a database of PostgreSQL', () => {
  it('has one owner; the next waits as a standby and says who has it', async () => {
    const database = await postgresStoreDatabase();
    const first = database.open({ timings: TIMINGS, label: 'the first' });
    expect(await first.own()).toEqual({ lastSid: 0, lastSeq: 0, wasLeftClean: false });
    const second = database.open({ timings: TIMINGS });
    expect(await ownerSeenBy(second)).toBe('the first');
    expect(second.health().kind).toBe('standby');
    await expect(second.commit(startOf(1))).rejects.toMatchObject({ code: 'unavailable' });
    await first.commit(startOf(1));
    await first.close(true);
    expect(await second.own()).toEqual({ lastSid: 1, lastSeq: 1, wasLeftClean: true });
    expect(await second.commit(turnOf(1, 2))).toEqual({ kind: 'committed', seq: 2 });
  });

  it('is taken over at once from an owner that closed it, clean or not', async () => {
    const database = await postgresStoreDatabase();
    const slow = { ...TIMINGS, deadAfterMs: 60_000, hungAfterMs: 60_000 };
    const first = database.open({ timings: slow });
    await first.own();
    const second = database.open({ timings: slow });
    await ownerSeenBy(second);
    await first.close();
    expect(await second.own()).toMatchObject({ wasLeftClean: false });
  });

  it('is free at once when a standby closes in the middle of taking it over', async () => {
    const database = await postgresStoreDatabase();
    const slow = { ...TIMINGS, pollEveryMs: 5, deadAfterMs: 60_000, hungAfterMs: 60_000 };
    for (let moment = 0; moment < 8; moment += 1) {
      const first = database.open({ timings: slow });
      await first.own();
      const second = database.open({ timings: slow });
      await ownerSeenBy(second);
      await first.close();
      for (let turn = 0; turn < moment * 40; turn += 1) await setImmediate();
      await second.close();
    }
    const next = await database.open({ timings: slow }).own();
    expect(next.lastSeq).toBe(0);
  });

  it('is owned by one of two standbys', async () => {
    const database = await postgresStoreDatabase();
    const first = database.open({ timings: TIMINGS });
    await first.own();
    const standbys = [database.open({ timings: TIMINGS }), database.open({ timings: TIMINGS })];
    await Promise.all(standbys.map(ownerSeenBy));
    await first.close();
    const owner = await Promise.race(standbys.map((each) => each.own().then(() => each)));
    const other = standbys.find((each) => each !== owner);
    expect(await owner.commit(startOf(1))).toEqual({ kind: 'committed', seq: 1 });
    expect(other?.health().kind).toBe('standby');
    await owner.close();
    await other?.own();
    expect(await other?.commit(turnOf(1, 2))).toEqual({ kind: 'committed', seq: 2 });
  });

  it('is taken over from a killed owner, with all that it had acknowledged', async () => {
    const database = await postgresStoreDatabase();
    const owner = new Contender(database.url, 1, IMPATIENT);
    await owner.until('acknowledged', 200);
    const standby = database.open({ timings: TIMINGS });
    await ownerSeenBy(standby);
    owner.process.kill('SIGKILL');
    const { wasLeftClean } = await standby.own();
    expect(wasLeftClean).toBe(false);
    expect(await linesOf(database)).toEqual(expect.arrayContaining(owner.acknowledged));
    expect(await standby.commit(startOf(500))).toMatchObject({ kind: 'committed' });
  });

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

  it('stays with its owner when the server is started again', async () => {
    const cluster = await ownCluster();
    const admin = await connectTo(cluster.adminUrl('postgres'));
    await admin.query('CREATE DATABASE sagas OWNER owner');
    const url = cluster.url('sagas');
    const owner = await openPostgresStore(url, { timings: TIMINGS });
    await owner.own();
    const standby = openPostgresStoreHere(url, { timings: TIMINGS });
    onTestFinished(() => standby.close());
    await ownerSeenBy(standby);
    const stalled = untilHealth(owner, 'stalled');
    await cluster.stop('immediate');
    await stalled;
    await cluster.start();
    await untilHealth(owner, 'ready');
    expect(await owner.commit(startOf(1))).toEqual({ kind: 'committed', seq: 1 });
    expect(standby.health().kind).toBe('standby');
  });

  it('is not taken by a machine whose clock is far off, and that machine is told', async () => {
    const database = await postgresStoreDatabase();
    const warnings = Promise.withResolvers<string>();
    const late = database.open({
      timings: TIMINGS,
      nowMs: () => Date.now() - 60_000,
      onWarning: warnings.resolve,
    });
    expect(await warnings.promise).toMatch(/clock is -\d+ ms ahead/);
    const other = database.open({ timings: TIMINGS });
    await other.own();
    expect(late.health().kind).toBe('standby');
  });

  it('is written as it must be, whatever the role has for defaults', async () => {
    const database = await postgresStoreDatabase();
    const role = new URL(database.url).username;
    for (const setting of [
      'synchronous_commit = off',
      'default_transaction_read_only = on',
      "default_transaction_isolation = 'serializable'",
      'statement_timeout = 1',
      "search_path = 'nowhere'",
      'enable_indexscan = off',
    ]) {
      const name = database.name;
      await database.exec(`ALTER ROLE ${role} IN DATABASE ${name} SET ${setting}`);
    }
    const store = database.open({ timings: TIMINGS });
    await store.own();
    const outcomes = await Promise.all([1, 2, 3].map((sid) => store.commit(startOf(sid))));
    expect(outcomes.map(({ kind }) => kind)).toEqual(['committed', 'committed', 'committed']);
  });
});
