/** A server that is reached over TLS, by URLs as people write them. */
import { execFileSync } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { openBackstep } from '../../src/runtime/open-backstep.ts';
import { recordedActivities, tripSaga } from '../runtime/trip-saga.ts';
import { connectTo, describeOnPostgres, ownCluster } from './databases.ts';

describeOnPostgres('over TLS', () => {
  it('every connection is encrypted, and only a server whose certificate is right is taken', async () => {
    const { cluster, authority, stranger } = await clusterWithTls();
    const url = (sslrootcert: string, host = '127.0.0.1'): string => {
      const changed = new URL(cluster.tcpUrl('sagas'));
      changed.hostname = host;
      changed.searchParams.set('sslmode', 'verify-full');
      changed.searchParams.set('sslrootcert', sslrootcert);
      return changed.href;
    };
    const backstep = await openBackstep({ database: url(authority) });
    backstep.register(tripSaga, { activities: recordedActivities().activities });
    await backstep.start();
    const { id } = await backstep.spawn('trip', { input: { trip: 't1' } });
    expect((await backstep.saga(id).settled({ within: '20s' })).status).toBe('completed');
    expect(await backstep.read.saga(id)).toMatchObject({ status: 'completed' });
    const admin = await connectTo(cluster.adminUrl('sagas'));
    const sessions = ['control', 'news', 'reader', 'writer'];
    const connected = async () => {
      const { rows } = await admin.query(
        `SELECT DISTINCT split_part(application_name, '-', 2) AS session, ssl
          FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
          WHERE application_name LIKE 'backstep-%' ORDER BY session`,
      );
      return rows as readonly unknown[];
    };
    // A saga does not wait for the one that hears of news.
    await vi.waitUntil(async () => (await connected()).length >= sessions.length, 20_000);
    expect(await connected()).toEqual(sessions.map((session) => ({ session, ssl: true })));
    await backstep.stop();

    const { password } = new URL(cluster.tcpUrl('sagas'));
    for (const [wrong, why] of [
      [url(stranger), /certificate/],
      [url(authority, 'localhost'), /does not match certificate's altnames/],
    ] as const) {
      const error = await openBackstep({ database: wrong }).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ message: expect.stringMatching(why) as string });
      expect(String(error)).not.toContain(password);
    }
  }, 60_000);
});

/** A cluster with a certificate for 127.0.0.1 alone, of an authority; `stranger` is another one. */
async function clusterWithTls() {
  const cluster = await ownCluster();
  const { uid, gid } = statSync(cluster.folder);
  const folder = mkdtempSync(join(tmpdir(), 'backstep-tls-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const openssl = (...args: readonly string[]): void => {
    execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  };
  const fresh = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2'];
  for (const name of ['authority', 'stranger']) {
    openssl(...fresh, '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.crt`);
  }
  const [key, certificate] = ['key', 'crt'].map((kind) => join(cluster.folder, `server.${kind}`));
  const signed = ['-CA', 'authority.crt', '-CAkey', 'authority.key'];
  const named = ['-subj', '/CN=server', '-addext', 'subjectAltName=IP:127.0.0.1'];
  openssl(...fresh, ...named, ...signed, '-keyout', key ?? '', '-out', certificate ?? '');
  for (const path of [key ?? '', certificate ?? '']) chownSync(path, uid, gid);
  const admin = await connectTo(cluster.adminUrl('postgres'));
  await admin.query('CREATE DATABASE sagas OWNER owner');
  for (const setting of [
    `ssl_key_file = '${key}'`,
    `ssl_cert_file = '${certificate}'`,
    'ssl = on',
  ]) {
    await admin.query(`ALTER SYSTEM SET ${setting}`);
  }
  await cluster.stop('fast');
  await cluster.start();
  return {
    cluster,
    authority: join(folder, 'authority.crt'),
    stranger: join(folder, 'stranger.crt'),
  };
}
