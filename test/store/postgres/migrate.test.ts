/** How a schema in PostgreSQL is made, brought up to date, and refused. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { migratePostgres } from '../../../src/store/postgres/migrate.ts';
import { tryOwnerLock } from '../../../src/store/postgres/ownership/owner-lock.ts';
import { connectTo, describeOnPostgres, postgresDatabase } from '../../postgres/databases.ts';
import { temporaryFolder } from '../store-fixture.ts';

function migrationsFolder(files: Readonly<Record<string, string>>): string {
  const folder = join(temporaryFolder(), 'migrations');
  mkdirSync(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

const SEATS = {
  '0100-seats.ts': `export const up = (db, kind) =>
    db.schema.createTable('seats_in_' + kind).addColumn('number', 'integer').execute();`,
};

async function tablesOf(url: string, schema: string): Promise<readonly string[]> {
  const { rows } = await (
    await connectTo(url)
  ).query<{ name: string }>(
    'SELECT tablename AS name FROM pg_tables WHERE schemaname = $1 ORDER BY 1',
    [schema],
  );
  return rows.map(({ name }) => name);
}

describeOnPostgres('a database of PostgreSQL', () => {
  it('is migrated once, by however many at the same time', async () => {
    const { url } = await postgresDatabase();
    const migrations = Array.from({ length: 4 }, () => migratePostgres(url));
    const ran = await Promise.all(migrations);
    expect(ran.filter((names) => names.length > 0)).toHaveLength(1);
    expect(await migratePostgres(url)).toEqual([]);
    expect(await tablesOf(url, 'backstep')).toContain('sagas');
  });

  it('has engines beside each other in schemas of their own', async () => {
    const { url } = await postgresDatabase();
    await migratePostgres(url, { schema: 'one' });
    await migratePostgres(url, { schema: 'Select' });
    expect(await tablesOf(url, 'Select')).toEqual(await tablesOf(url, 'one'));
    expect(await tablesOf(url, 'public')).toEqual([]);
  });

  it('gets the tables of participants where the connection makes tables', async () => {
    const { url } = await postgresDatabase();
    const folder = migrationsFolder(SEATS);
    expect(await migratePostgres(url, { migrationsFolder: folder })).toContain('0100-seats');
    expect(await tablesOf(url, 'public')).toEqual(['seats_in_postgres']);
    await expect(migratePostgres(url)).rejects.toThrow(/newer than this program .*0100-seats/);
  });

  it('is as before when one of the files fails', async () => {
    const { url } = await postgresDatabase();
    const bad = "export const up = () => { throw new Error('no luck'); };";
    const folder = migrationsFolder({ ...SEATS, '0901-bad.ts': bad });
    const migrating = migratePostgres(url, { migrationsFolder: folder });
    await expect(migrating).rejects.toMatchObject({ code: 'storage-refused' });
    await expect(migrating).rejects.toThrow(/0901-bad failed: no luck/);
    expect(await tablesOf(url, 'backstep')).toEqual([]);
    expect(await tablesOf(url, 'public')).toEqual([]);
    expect(await migratePostgres(url)).not.toEqual([]);
  });

  it('is not migrated beside an owner, but found up to date beside one', async () => {
    const { url } = await postgresDatabase();
    await migratePostgres(url);
    const owner = await connectTo(url);
    await owner.query(tryOwnerLock('backstep'));
    expect(await migratePostgres(url, { lockWaitMs: 0 })).toEqual([]);
    const folder = migrationsFolder(SEATS);
    const migrating = migratePostgres(url, { lockWaitMs: 0, migrationsFolder: folder });
    await expect(migrating).rejects.toThrow(/a process owns it .*; stop that one first/);
    await owner.query('SELECT pg_advisory_unlock_all()');
    expect(await migratePostgres(url, { migrationsFolder: folder })).toEqual(['0100-seats']);
  });
});

describeOnPostgres('a database of PostgreSQL that is refused', () => {
  it('has something else in the schema, which stays as it is', async () => {
    const { url } = await postgresDatabase();
    const client = await connectTo(url);
    await client.query('CREATE SCHEMA backstep; CREATE TABLE backstep.sagas (theirs text)');
    const migrating = migratePostgres(url);
    await expect(migrating).rejects.toMatchObject({ code: 'storage-refused' });
    await expect(migrating).rejects.toThrow(/holds tables of something else/);
    await client.query("CREATE TABLE backstep.marks (name, value) AS VALUES ('product', 'theirs')");
    await expect(migratePostgres(url)).rejects.toThrow(/holds tables of something else/);
    expect(await tablesOf(url, 'backstep')).toEqual(['marks', 'sagas']);
  });

  it('is of another shard, whose ids this version would write wrongly', async () => {
    const { url } = await postgresDatabase();
    await migratePostgres(url);
    const client = await connectTo(url);
    await client.query("UPDATE backstep.marks SET value = '3' WHERE name = 'shard'");
    await expect(migratePostgres(url)).rejects.toMatchObject({
      code: 'storage-refused',
      message: expect.stringContaining('is shard 3 of an engine') as unknown,
    });
  });

  it('lets the role make nothing, until an administrator has made the schema', async () => {
    const { url, adminUrl, name } = await postgresDatabase();
    const admin = await connectTo(adminUrl);
    await admin.query(`ALTER DATABASE ${name} OWNER TO CURRENT_USER`);
    const refusal = await migratePostgres(url).catch((error: Error) => error.message);
    expect(refusal).toMatch(/the role owner may not make the engine's tables there; as an admin/);
    const cure = /run (CREATE SCHEMA .*), or GRANT/.exec(String(refusal))?.[1] ?? '';
    await admin.query(cure);
    expect(await migratePostgres(url)).not.toEqual([]);
  });

  it('is not there, or not to be reached, and its password is not told', async () => {
    const { tcpUrl } = await postgresDatabase();
    const nowhere = new URL(tcpUrl);
    nowhere.pathname = '/nowhere';
    const missing = await migratePostgres(nowhere.href).catch((error: unknown) => error);
    expect(missing).toMatchObject({ code: 'storage-refused' });
    const unreachable = new URL(tcpUrl);
    unreachable.port = '1';
    const gone = await migratePostgres(unreachable.href).catch((error: unknown) => error);
    expect(gone).toMatchObject({ code: 'unavailable' });
    for (const error of [missing, gone]) {
      expect(String(error)).toContain('127.0.0.1');
      expect(String(error)).not.toContain(nowhere.password);
    }
  });

  it.each(['', 'pg_mine', 'Information_Schema', 'a"b', '1st', 'x'.repeat(60)])(
    'is asked for a schema called %j',
    async (schema) => {
      const { url } = await postgresDatabase();
      await expect(migratePostgres(url, { schema })).rejects.toMatchObject({
        code: 'input-invalid',
      });
    },
  );
});
