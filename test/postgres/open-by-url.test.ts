/** An engine that is opened with the URL of a PostgreSQL database. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createConnection, createServer } from 'node:net';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { transactional } from '../../src/core/activity.ts';
import type { Backstep } from '../../src/host/backstep.ts';
import { type BackstepOptions, openBackstep } from '../../src/runtime/open-backstep.ts';
import { silentLogger } from '../../src/host/turn-log.ts';
import { BulkActions } from '../../src/host/upkeep/bulk-actions.ts';
import { migrateDatabase } from '../../src/store/migrate-database.ts';
import { removalStatements } from '../../src/store/queries/removal.ts';
import { recordedActivities, tripSaga } from '../runtime/trip-saga.ts';
import { connectTo, describeOnPostgres, postgresDatabase } from './databases.ts';
import { bulkHost } from '../host/upkeep/bulk-host.ts';

const INDEX = new URL('../../src/index.ts', import.meta.url).href;

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

describeOnPostgres('a program that waits for nothing but its stop', () => {
  it.each([
    ['never started', ''],
    [
      'stands by',
      'backstep.start().catch(() => {}); while (backstep.health().kind !== "standby") await soon();',
    ],
    ['owns it', 'await backstep.start(); await backstep.read.statusCounts();'],
  ])('is told of it where it %s', async (how, work) => {
    const { url } = await postgresDatabase();
    const owner = how === 'stands by' ? await opened({ database: url }) : null;
    await owner?.start();
    const program = `
      import { setTimeout as pause } from 'node:timers/promises';
      import { openBackstep } from '${INDEX}';
      const soon = () => pause(20);
      const backstep = await openBackstep({ database: ${JSON.stringify(url)} });
      ${work}
      await backstep.stop();
      console.log('stopped');`;
    const args = ['--input-type=module', '--eval', program];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args);
    expect({ stdout, stderr }).toEqual({ stdout: 'stopped\n', stderr: '' });
    await owner?.stop();
  });
});

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
    const bulk = new BulkActions(bulkHost(backstep), { logger: silentLogger });
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
    const takeOver = { beatEvery: '100ms', lookEvery: '50ms' } as const;
    const owner = await opened({ database: url, label: 'shop-1', takeOver });
    await owner.start();
    const { id } = await owner.spawn('trip', { input: { trip: 't1' }, delay: '1h' });
    const standby = await opened({ database: url });
    const starting = standby.start();
    expect(standby.health()).toMatchObject({ kind: 'standby', owner: 'shop-1' });
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

  it('says what to do about a pooler that takes no settings, rather than trying again', async () => {
    const { tcpUrl } = await postgresDatabase();
    const pooler = await settingsRefused(tcpUrl);
    await expect(openBackstep({ database: pooler })).rejects.toMatchObject({
      code: 'storage-refused',
      message: expect.stringMatching(/unsupported startup parameter: .*{ url, direct }/) as string,
    });
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

it.each([
  [{ deadAfter: '500ms' }, 'deadAfter is 500ms; give 1000 to 3600000 ms'],
  [{ beatEvery: '2s' }, 'deadAfter is 1000; give 4000 to'],
  [{ beatEvery: '2s', deadAfter: '4s' }, 'hungAfter is 3000; give 4000 to'],
  [{ hungAfter: '999ms' }, 'hungAfter is 999ms; give 1000 to'],
  [{ beatEvery: 0 }, 'beatEvery is 0; give 20 to 60000 ms'],
  [{ lookEvery: '2m' }, 'lookEvery is 2m; give 20 to 60000 ms'],
  [{ hungAfter: '2h' }, 'hungAfter is 2h; give 1000 to 3600000 ms'],
] as const)('a take-over of %j is refused before anything is opened', async (takeOver, message) => {
  const database = 'postgres://ada@127.0.0.1:1/none';
  await expect(openBackstep({ database, takeOver })).rejects.toMatchObject({
    code: 'input-invalid',
    message: expect.stringContaining(`takeOver.${message}`) as unknown,
  });
});

/** As PgBouncer in front of the server of a URL: whoever sends settings with the start is refused. */
async function settingsRefused(tcpUrl: string): Promise<string> {
  const { hostname, port } = new URL(tcpUrl);
  const pooler = createServer((client) => {
    client.on('error', () => {});
    client.once('data', (startup: Buffer) => {
      if (startup.includes('\0options\0')) return client.end(UNSUPPORTED);
      const server = createConnection(Number(port), hostname);
      server.on('error', () => client.destroy());
      server.write(startup);
      client.pipe(server).pipe(client);
    });
  });
  pooler.listen(0, '127.0.0.1');
  await once(pooler, 'listening');
  onTestFinished(() => void pooler.close());
  const address = pooler.address();
  const url = new URL(tcpUrl);
  url.port = String(typeof address === 'object' && address !== null ? address.port : 0);
  return url.href;
}

const UNSUPPORTED = errorResponse({
  S: 'FATAL',
  V: 'FATAL',
  C: '08P01',
  M: 'unsupported startup parameter: options',
});

function errorResponse(fields: Readonly<Record<string, string>>): Buffer {
  const texts = Object.entries(fields).map(([field, text]) => `${field}${text}\0`);
  const body = Buffer.from(`${texts.join('')}\0`);
  const header = Buffer.from('E\0\0\0\0', 'latin1');
  header.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([header, body]);
}

it('a file takes no schema', async () => {
  await expect(openBackstep({ database: 'x.db', schema: 'shop' })).rejects.toMatchObject({
    code: 'input-invalid',
    message: 'openBackstep: schema means nothing for this database: a file has a tablePrefix',
  });
});
