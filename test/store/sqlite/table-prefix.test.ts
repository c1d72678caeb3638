/** The engine's tables under a prefix, so that participants may have an `audit` of their own. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { transactional } from '../../../src/core/activity.ts';
import { openBackstep } from '../../../src/runtime/open-backstep.ts';
import { silentLogger } from '../../../src/host/turn-log.ts';
import { BulkActions } from '../../../src/host/upkeep/bulk-actions.ts';
import { removalStatements } from '../../../src/store/queries/removal.ts';
import { openStoredSagas } from '../../../src/store/stored-sagas.ts';
import { createReadModels } from '../../../src/store/queries/saga-queries.ts';
import { migrateDatabase } from '../../../src/store/migrate-database.ts';
import { openTestEngine } from '../../../src/testing/test-engine.ts';
import { recordedActivities, tripSaga } from '../../runtime/trip-saga.ts';
import {
  connect,
  openTestStore,
  startOf,
  temporaryDatabase,
  temporaryFolder,
} from '../store-fixture.ts';
import { bulkHost } from '../../host/upkeep/bulk-host.ts';

const CLI = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));

const tablePrefix = 'backstep_';

/** The names that the engine has without a prefix. */
interface OwnTables {
  audit: { what: string };
  journal: { note: string };
  outbox: { mail: string };
}

function ownTables(): string {
  const folder = temporaryFolder();
  const tables = { audit: 'what', journal: 'note', outbox: 'mail' };
  for (const [index, [table, column]] of Object.entries(tables).entries()) {
    const text = `export const up = (db) =>
      db.schema.createTable('${table}').addColumn('${column}', 'text').execute();`;
    writeFileSync(join(folder, `01${index}0-${table}.js`), text);
  }
  return folder;
}

function schemaOf(db: Database.Database): ReadonlyMap<string, string | null> {
  const rows = db
    .prepare<[], { name: string; sql: string | null }>('SELECT name, sql FROM sqlite_schema')
    .all();
  return new Map(rows.map(({ name, sql }) => [name, sql]));
}

const migrateAt = ({ path, ...options }: { path: string; tablePrefix: string }) =>
  migrateDatabase(path, options);

describe('with a prefix', () => {
  it('every table, view and index has it, and is the same but for it', async () => {
    const [plain, prefixed] = [temporaryDatabase(), temporaryDatabase()];
    await migrateDatabase(plain);
    await migrateDatabase(prefixed, { tablePrefix });
    const withoutPrefix = new Map(
      [...schemaOf(connect(prefixed))].map(([name, sql]) => {
        if (!name.startsWith('sqlite_')) expect(name).toMatch(/^backstep_/);
        return [name.replaceAll(tablePrefix, ''), sql?.replaceAll(tablePrefix, '') ?? null];
      }),
    );
    expect(withoutPrefix).toEqual(schemaOf(connect(plain)));
  });

  it("participants' tables may be called as the engine's are without one", async () => {
    const migrationsFolder = ownTables();
    const store = await openTestStore({ tablePrefix, migrationsFolder });
    const sql = 'INSERT INTO audit (what) VALUES (?)';
    const statements = [{ sql, parameters: ['paid'] }];
    const audit = { command: 'pause', by: 'ada', reason: null };
    expect(await store.commit(startOf(1, { statements, audit }))).toMatchObject({ seq: 1 });
    const own = store.reader<OwnTables>();
    expect(await own.selectFrom('audit').select('what').execute()).toEqual([{ what: 'paid' }]);
    expect(await store.tables().selectFrom('audit').select('by').execute()).toEqual([
      { by: 'ada' },
    ]);
    expect(await createReadModels(store.tables()).lastSeq()).toBe(1);
  });

  it.each(['Backstep_', 'a-b', '1st_', 'sqlite_', 'a b', 'a'.repeat(33), 'x"; DROP TABLE a; --'])(
    'that will not do (%s) is refused before a file is made',
    async (wrong) => {
      const path = temporaryDatabase();
      for (const open of [openTestStore, migrateAt]) {
        await expect(open({ path, tablePrefix: wrong })).rejects.toMatchObject({
          code: 'input-invalid',
        });
      }
      await expect(openStoredSagas({ database: path })).rejects.toThrow(/there is no such file/);
    },
  );
});

describe('a database that was made', () => {
  it.each([
    ['without a prefix', '', tablePrefix, /without a prefix, not with "backstep_"; give no/],
    ['with one', tablePrefix, '', /with the prefix "backstep_"; give it as table prefix/],
    ['with another one', tablePrefix, 'other_', /prefix "backstep_", not with "other_"; give it/],
  ])('%s is refused and left as it is', async (_, made, asked, message) => {
    const path = temporaryDatabase();
    const store = await openTestStore({ path, tablePrefix: made });
    await store.commit(startOf(1));
    await store.close();
    const before = schemaOf(connect(path));
    for (const open of [openTestStore, migrateAt]) {
      await expect(open({ path, tablePrefix: asked })).rejects.toMatchObject({
        code: 'storage-refused',
        message: expect.stringMatching(message) as string,
      });
    }
    expect(schemaOf(connect(path))).toEqual(before);
    const again = await openTestStore({ path, tablePrefix: made });
    expect((await again.own()).lastSid).toBe(1);
  });
});

/** A trip whose hold writes into an `audit` of its own. */
const hold = transactional<{ readonly trip: string }, { readonly receipt: string }>(
  ({ trip }, { key }) => ({
    statements: [{ sql: 'INSERT INTO audit (what) VALUES (?)', parameters: [trip] }],
    output: { receipt: key },
  }),
);
const { activities } = recordedActivities({ hold });

describe('an engine with a prefix', () => {
  it('runs, is paused, removes what ended, and is examined as any other', async () => {
    const database = temporaryDatabase();
    const migrationsFolder = ownTables();
    const backstep = await openBackstep({ database, tablePrefix, migrationsFolder });
    backstep.register(tripSaga, { activities });
    await backstep.start();
    const { id } = await backstep.spawn('trip', { input: { trip: 't1' }, key: 't1' });
    expect((await backstep.saga(id).settled({ within: '10s' })).status).toBe('completed');
    const later = await backstep.spawn('trip', { input: { trip: 't2' }, delay: '1h' });
    const bulk = new BulkActions(bulkHost(backstep), { logger: silentLogger });
    const sagas = { ids: [later.id] };
    const ordered = await bulk.freeze({ command: 'pause', by: 'ada', reason: null, sagas });
    await bulk.start(ordered.id);
    await bulk.idle();
    expect((await bulk.find(ordered.id)).counts).toMatchObject({ taken: 1, pending: 0 });
    const { store } = backstep;
    expect(await backstep.read.audit(later.id)).toMatchObject([{ command: 'pause' }]);
    const own = store.reader<OwnTables>().selectFrom('audit').select('what');
    expect(await own.execute()).toEqual([{ what: 't1' }]);
    const statements = removalStatements(store.tables(), [1]);
    expect(await store.write(statements)).toMatchObject({ kind: 'committed' });
    expect(await backstep.read.saga(id)).toBeNull();
    await backstep.stop();

    const cwd = fileURLToPath(new URL('../../runtime', import.meta.url));
    for (const [command, ...operands] of [
      ['doctor', 'trip-saga.ts'],
      ['check', 'trip-saga.ts'],
      ['export', later.id],
      ['migrate', '--table-prefix', tablePrefix, '--migrations', migrationsFolder],
    ]) {
      const args = [CLI, String(command), ...operands, '--db', database];
      const { status, stderr } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8' });
      expect({ command, status, stderr }).toEqual({ command, status: 0, stderr: '' });
    }
  });

  it('in memory too, where the sagas of a user are tested', async () => {
    const engine = await openTestEngine(
      tripSaga,
      { activities },
      { tablePrefix, migrationsFolder: ownTables() },
    );
    expect((await engine.run({ trip: 't1' })).status).toBe('completed');
    engine.close();
  });
});
