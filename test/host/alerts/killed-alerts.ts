/** Processes that die around an alert, and a receiver of webhooks that keeps what came. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Webhook } from 'standardwebhooks';
import { expect, onTestFinished } from 'vitest';
import type { Alert } from '../../../src/host/alerts/alert-options.ts';
import { COMPILE_CACHE } from '../../compile-cache.ts';
import type { AlertProcessTask } from './alert-process.ts';

const PROGRAM = fileURLToPath(new URL('./alert-process.ts', import.meta.url));

export const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

/** One request. */
export interface Received {
  readonly id: string;
  readonly alert: Alert;
  readonly headers: IncomingHttpHeaders;
}

/** A receiver that refuses what is not signed as it should be. `answer`: by default 204. */
export async function receiver(
  answer: (response: ServerResponse, count: number) => void = (response) =>
    void response.writeHead(204).end(),
) {
  const received: Received[] = [];
  const forged: string[] = [];
  const listeners = new Set<() => void>();
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const { headers } = request;
      try {
        new Webhook(SECRET).verify(body, headers as Record<string, string>);
      } catch (error) {
        forged.push(String(error));
      }
      const alert = JSON.parse(body) as Alert;
      received.push({ id: String(headers['webhook-id']), alert, headers });
      answer(response, received.length);
      for (const listener of listeners) listener();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook?key=s3cr3t`,
    received,
    forged,
    /** Resolves once so many requests came. */
    came: (count: number): Promise<void> =>
      new Promise((resolve) => {
        const look = (): void => {
          if (received.length < count) return;
          listeners.delete(look);
          resolve();
        };
        listeners.add(look);
        look();
      }),
  };
}

/** Runs a process to its end: how many moments there were, or `null` where it died at one. */
export async function run(task: AlertProcessTask): Promise<number | null> {
  const child: ChildProcess = fork(PROGRAM, [JSON.stringify(task)], {
    env: { ...process.env, NODE_COMPILE_CACHE: COMPILE_CACHE },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let told: number | null = null;
  child.on('message', (message) => {
    const { failed } = message as { failed?: string };
    if (failed !== undefined) throw new Error(failed);
    told = (message as { told: number }).told;
  });
  await once(child, 'exit');
  return told;
}

/**
 * Dies at that moment, goes on as another process, and looks at what came of it. Whether it died: where
 * a look at the rules finds more at once than another did, there is a moment less.
 */
export async function expectToldOnce(database: string, dieAt: number): Promise<boolean> {
  const { url, received, forged } = await receiver();
  const task = { database, url, secret: SECRET };
  const lived = await run({ ...task, dieAt });
  if (lived !== null) expect(lived).toBeLessThan(dieAt);
  expect(await run({ ...task, dieAt: 0 })).toBeGreaterThan(0);
  expect(forged).toEqual([]);
  const ids = new Set(received.map(({ id }) => id));
  expect([dieAt, ids.size]).toEqual([dieAt, 1]);
  expect(received.length).toBeLessThanOrEqual(2);
  for (const { alert } of received) {
    expect(alert).toMatchObject({ type: 'alert.opened', data: { total: 1, rule: 'letters' } });
  }
  return lived === null;
}
