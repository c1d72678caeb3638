/** WebSocket clients of the live feed, on loopback, in a process of their own as browsers are. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createApp } from '../../src/server/app.ts';
import { startServer } from '../../src/server/listening-server.ts';
import type { Backstep } from '../../src/host/backstep.ts';

export interface FeedClients {
  /** Ends them, and gives how many messages all of them together have received. */
  close(): Promise<number>;
}

const PROGRAM = fileURLToPath(new URL('feed-client-process.ts', import.meta.url));

/** Resolves once all of them are connected. */
export async function attachFeedClients(backstep: Backstep, count: number): Promise<FeedClients> {
  const security = { allowedHosts: ['127.0.0.1'], token: null };
  const app = createApp({ backstep, security }).hono;
  const server = await startServer(app, { host: '127.0.0.1', port: 0 });
  const url = `${server.url.replace('http', 'ws')}/ws/transitions`;
  const clients = fork(PROGRAM, [url, String(count)]);
  await once(clients, 'message');
  return {
    close: async () => {
      clients.send('end');
      const [received] = (await once(clients, 'message')) as [number];
      await server.close();
      return received;
    },
  };
}
