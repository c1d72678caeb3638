/**
 * The cluster that all files of a test run share: started when the first of them asks for it, and
 * stopped at the end of the run.
 *
 * The process of the run owns it; the processes of the files ask over a socket. A run of files that
 * need no PostgreSQL pays for that socket only.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import type { Cluster } from './cluster.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A socket that answers with the JSON of a `SharedPostgres`. */
    readonly postgresSocket: string;
  }
}

/** URLs of its database `postgres`, as those of `Cluster`; or why there is none. */
export type SharedPostgres =
  | {
      readonly kind: 'ready';
      readonly adminUrl: string;
      readonly url: string;
      readonly tcpUrl: string;
      /** The name of a database with the engine's tables and nothing in them, to be copied. */
      readonly template: string;
    }
  | { readonly kind: 'missing'; readonly reason: string };

/** Gives what to do at the end of the run. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const path = join(tmpdir(), `backstep-tests-${process.pid}.sock`);
  const template = `test_template_${randomBytes(6).toString('hex')}`;
  let cluster: Cluster | null = null;
  let shared: Promise<SharedPostgres> | null = null;

  async function share(): Promise<SharedPostgres> {
    // Only now, so that other runs load neither.
    const { findPostgres, POSTGRES_CURE } = await import('./find-postgres.ts');
    const found = findPostgres(process.env);
    if (found === null) return { kind: 'missing', reason: POSTGRES_CURE };
    if (found.kind === 'off') return { kind: 'missing', reason: 'PostgreSQL is switched off' };
    const { makeTemplate } = await import('./template.ts');
    if (found.kind === 'server') {
      const { url } = found;
      await makeTemplate({ adminUrl: url, url }, template);
      return { kind: 'ready', adminUrl: url, url, tcpUrl: url, template };
    }
    const { startCluster } = await import('./cluster.ts');
    cluster = await startCluster({ programs: found.folder });
    const [adminUrl, url] = [cluster.adminUrl('postgres'), cluster.url('postgres')];
    await makeTemplate({ adminUrl, url }, template);
    return { kind: 'ready', adminUrl, url, tcpUrl: cluster.tcpUrl('postgres'), template };
  }

  const server = createServer((socket) => {
    socket.on('error', () => {}); // whoever asked is gone
    shared ??= share().catch((error: unknown) => ({ kind: 'missing', reason: String(error) }));
    void shared.then((answer) => socket.end(JSON.stringify(answer)));
  });
  server.listen(path);
  server.unref();
  await once(server, 'listening');
  project.provide('postgresSocket', path);
  return async () => {
    server.close();
    rmSync(path, { force: true });
    const answer = await shared;
    if (cluster !== null) return cluster.dispose();
    if (answer?.kind !== 'ready') return;
    const { dropDatabase } = await import('./template.ts');
    await dropDatabase(answer.adminUrl, template);
  };
}
