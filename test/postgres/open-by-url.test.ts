/** An engine that is opened with the URL of a PostgreSQL database. */
import { expect, it } from 'vitest';
import { transactional } from '../../src/core/activity.ts';
import type { Backstep } from '../../src/host/backstep.ts';
import { type BackstepOptions, openBackstep } from '../../src/runtime/open-backstep.ts';
import { silentLogger } from '../../src/host/turn-log.ts';
import { BulkActions } from '../../src/host/upkeep/bulk-actions.ts';
import { migrateDatabase } from '../../src/store/migrate-database.ts';
import { removalStatements } from '../../src/store/queries/removal.ts';
import { recordedActivities, tripSaga } from '../runtime/trip-saga.ts';
import { connectTo, describeOnPostgres, postgresDatabase } from './databases.ts';

/** A hold that writes into an `audit` of the participant. */
const hold = transactional<{ readonly trip: string }, { readonly receipt: string }>(
  ({ trip }, { key }) => ({
    statements: [{ sql: 'INSERT INTO audit (what) VALUES ($1)', parameters: [trip] }],
    output: { receipt: key },
  }),
);
const { activities } = recordedActivities({ hold });

async function opened(options: BackstepOptions): Promise<Backstep> {
  const backstep = await openBackstep(options);
  backstep.register(tripSaga, { activities });
  return backstep;
}

/** A database with a table of the participant's, called as one of the engine's. */
async function databaseWithAudit() {
  const database = await postgresDatabase();
  const client = await connectTo(database.url);
  await client.query('CREATE TABLE audit (what text)');
  return { ...database, client };
}

describeOnPostgres('an engine over PostgreSQL', () => {
  it('has its tables in a schema, and commits with tables of the same names beside it', async () => {
    const { url, client } = await databaseWithAudit();
    const backstep = await opened({ database: url, schema: 'Shop_1' });
    await backstep.start();
    const { id } = await backstep.spawn('trip', { input: { trip: 't1' }, key: 't1' });
    expect((await backstep.saga(id).settled({ within: '20s' })).status).toBe('completed');
    expect((await client.query('SELECT what FROM audit')).rows).toEqual([{ what: 't1' }]);
    expect((await client.query('SELECT count(*) AS n FROM "Shop_1".sagas')).rows).toEqual([
      { n: '1' },
    ]);

    const later = await backstep.spawn('trip', { input: { trip: 't2' }, delay: '1h' });
    const bulk = new BulkActions(backstep, { logger: silentLogger });
    const order = {
      command: 'pause',
      by: 'ada',
      reason: null,
      sagas: { ids: [later.id] },
    } as const;
    const ordered = await bulk.freeze(order);
    await bulk.start(ordered.id);
    await bulk.idle();
    expect((await bulk.find(ordered.id)).counts).toMatchObject({ taken: 1, pending: 0 });
    expect(await backstep.read.audit(later.id)).toMatchObject([{ command: 'pause' }]);
    const { items } = await backstep.read.listSagas(
      { text: later.id.toUpperCase() },
      {
        limit: 5,
        cursor: null,
      },
    );
    expect(items.map((saga) => saga.id)).toEqual([later.id]);

    const { store } = backstep;
    expect(await store.write(removalStatements(store.tables(), [1]))).toMatchObject({
      kind: 'committed',
    });
    expect(await backstep.spawn('trip', { input: { trip: 't1' }, key: 't1' })).toMatchObject({
      isNew: false,
      isRemoved: true,
      status: 'completed',
    });
    await backstep.stop();
  });

  it('goes on where the one before it stopped', async () => {
    const { url } = await databaseWithAudit();
    const first = await opened({ database: url });
    await first.start();
    const { id } = await first.spawn('trip', { input: { trip: 't1' }, delay: '1h' });
    await first.stop();
    const second = await opened({ database: { url, direct: url } });
    await second.start();
    await second.saga(id).command({ name: 'cancel' });
    expect((await second.saga(id).settled({ within: '20s' })).status).not.toBe('running');
    await second.stop();
  });

  it('is a standby while another one owns the database, and takes over when that stops', async () => {
    const { url } = await databaseWithAudit();
    const owner = await opened({ database: url });
    await owner.start();
    const { id } = await owner.spawn('trip', { input: { trip: 't1' }, delay: '1h' });
    const standby = await opened({ database: url });
    const starting = standby.start();
    expect(standby.health()).toMatchObject({ kind: 'standby' });
    expect(await standby.read.saga(id)).toMatchObject({ id });
    const asked = await standby.spawn('trip', { input: { trip: 't2' } });
    expect(await owner.saga(asked.id).state()).toMatchObject({ id: asked.id });
    await owner.stop();
    await starting;
    expect(standby.health()).toEqual({ kind: 'ready' });
    expect((await standby.spawn('trip', { input: { trip: 't3' } })).isNew).toBe(true);
    await standby.stop();
  });

  it('cannot be opened where nobody answers, or with a wrong password, which nobody is told', async () => {
    const { tcpUrl } = await postgresDatabase();
    const wrong = new URL(tcpUrl);
    wrong.password = 'wr0ngpa55';
    for (const [database, code] of [
      ['postgres://ada:wr0ngpa55@127.0.0.1:1/none', 'unavailable'],
      [wrong.href, 'storage-refused'],
    ] as const) {
      for (const open of [() => openBackstep({ database }), () => migrateDatabase(database)]) {
        const error = await open().catch((thrown: unknown) => thrown);
        expect(error).toMatchObject({ code });
        expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('wr0ngpa55');
      }
    }
  });

  it('takes no options that mean something for a file only', async () => {
    const { url } = await postgresDatabase();
    for (const options of [{ tablePrefix: 'backstep_' }, { maxPages: 100 }]) {
      await expect(openBackstep({ database: url, ...options })).rejects.toMatchObject({
        code: 'input-invalid',
      });
    }
  });
});

it('a file takes no schema', async () => {
  await expect(openBackstep({ database: 'x.db', schema: 'shop' })).rejects.toMatchObject({
    code: 'input-invalid',
    message: 'openBackstep: schema means nothing for this database: a file has a tablePrefix',
  });
});
