/**
 * Who owns a database of PostgreSQL, and how another process comes to own it: at a clean stop, at a
 * death, and not from one that is well; from one that hangs: silent-owners.long.test.ts.
 */
import { setImmediate } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { connectTo, describeOnPostgres, ownCluster } from '../../postgres/databases.ts';
import { Contender } from '../../postgres/contender.ts';
import { openPostgresStore, postgresStoreDatabase } from '../../postgres/postgres-store.ts';
import { startProxy } from '../../postgres/proxy.ts';
import { openPostgresStoreHere } from '../../postgres/writer-store.ts';
import { startOf, turnOf } from '../saga-commits.ts';
import { untilHealth } from '../store-fixture.ts';
import { IMPATIENT, linesOf, ownerSeenBy, TIMINGS } from './owners.ts';

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

  it('is not told as taken over to an owner that leaves it', async () => {
    const database = await postgresStoreDatabase();
    const proxy = await startProxy(database.tcpUrl);
    // Left, with an answer that never comes: a beat would find an owner no more, and come first.
    const timings = { ...TIMINGS, beatEveryMs: 20, answerLimitMs: 500 };
    const owner = database.open({ url: proxy.url, timings });
    await owner.own();
    const told: string[] = [];
    owner.onHealth(({ kind }) => told.push(kind));
    void proxy.silenceAfter(1, 'to-client', 'backstep-writer');
    await owner.close(true);
    expect(told).not.toContain('failed');
    expect(await database.open().own()).toMatchObject({ wasLeftClean: true });
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
