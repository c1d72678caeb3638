/** The PostgreSQL that the tests bring: what they get, and that nothing of it stays behind. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { expect, it, vi } from 'vitest';
import { connectTo, describeOnPostgres, ownCluster, postgresDatabase } from './databases.ts';
import { findPostgres } from './find-postgres.ts';

describeOnPostgres('a database of a test', () => {
  it('is empty, its own, and of a role that is no superuser', async () => {
    const [one, other] = await Promise.all([postgresDatabase(), postgresDatabase()]);
    const client = await connectTo(one.url);
    await client.query('CREATE TABLE items (name text)');
    const elsewhere = await connectTo(other.tcpUrl);
    await expect(elsewhere.query('SELECT * FROM items')).rejects.toThrow(/does not exist/);
    const { rows } = await client.query<{ usesuper: boolean }>(
      'SELECT usesuper FROM pg_user WHERE usename = current_user',
    );
    expect(rows).toEqual([{ usesuper: false }]);
  });
});

describeOnPostgres('a cluster of its own', () => {
  it('keeps what was committed over a stop in the middle of everything', async () => {
    const cluster = await ownCluster({ fsync: true });
    const before = await connectTo(cluster.adminUrl('postgres'));
    await before.query('CREATE TABLE items (name text)');
    for (const mode of ['immediate', 'kill', 'fast'] as const) {
      const { pid } = cluster;
      await cluster.stop(mode);
      await cluster.start();
      expect(cluster.pid).not.toBe(pid);
    }
    const after = await connectTo(cluster.adminUrl('postgres'));
    expect((await after.query('SELECT * FROM items')).rows).toEqual([]);
  });

  it('keeps its folder when its server ends by itself, as where another one has its port', async () => {
    const cluster = await ownCluster();
    const port = Number(new URL(cluster.tcpUrl('postgres')).port);
    await cluster.stop('fast');
    const other = createServer().listen(port, '127.0.0.1');
    await once(other, 'listening');
    // What a keeper would remove it would a moment after its server's end: five give that moment.
    for (let left = 5; left > 0; left -= 1)
      await expect(cluster.start()).rejects.toThrow('could not create any TCP');
    other.close();
    await once(other, 'close');
    await cluster.start();
    expect(isAlive(cluster.pid)).toBe(true);
  });

  it('ends and leaves nothing behind when its maker is killed', async () => {
    const maker = spawn(
      process.execPath,
      [new URL('cluster-maker.ts', import.meta.url).pathname, programs()],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [line] = (await once(createInterface(maker.stdout), 'line')) as [string];
    const { pid, folder } = JSON.parse(line) as { pid: number; folder: string };
    expect(isAlive(pid)).toBe(true);
    maker.kill('SIGKILL');
    await vi.waitUntil(() => !isAlive(pid) && !existsSync(folder), { timeout: 20_000 });
  });
});

it('is found where BACKSTEP_TEST_POSTGRES says, and only there', () => {
  expect(findPostgres({ BACKSTEP_TEST_POSTGRES: 'off' })).toEqual({ kind: 'off' });
  const url = 'postgres://ci@db/postgres';
  expect(findPostgres({ BACKSTEP_TEST_POSTGRES: url })).toEqual({ kind: 'server', url });
  const nowhere = { BACKSTEP_TEST_POSTGRES: '/nowhere', PATH: process.env['PATH'] ?? '' };
  expect(() => findPostgres(nowhere)).toThrow(/is \/nowhere, which has none\. .* install it/);
});

function programs(): string {
  const { BACKSTEP_TEST_POSTGRES: _, ...systems } = process.env;
  const found = findPostgres(systems);
  if (found?.kind !== 'programs') throw new Error('there is none');
  return found.folder;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
