/** WebSocket clients of the live feed, on loopback, in this process. */
import { WebSocket } from 'ws';
import { createApp } from '../../src/http/app.ts';
import { startServer } from '../../src/http/server.ts';
import type { Backstep } from '../../src/runtime/backstep.ts';

export interface FeedClients {
  /** Transitions that all clients together have received. */
  received(): number;
  close(): Promise<void>;
}

export async function attachFeedClients(backstep: Backstep, count: number): Promise<FeedClients> {
  const security = { allowedHosts: ['127.0.0.1'], token: null };
  const app = createApp({ backstep, demo: null, faults: null, security });
  const server = await startServer(app, { host: '127.0.0.1', port: 0 });
  let received = 0;
  const open = (): Promise<WebSocket> =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(`${server.url.replace('http', 'ws')}/ws/transitions`);
      socket.on('message', () => void (received += 1));
      socket.once('open', () => resolve(socket));
      socket.once('error', reject);
    });
  const sockets = await Promise.all(Array.from({ length: count }, open));
  return {
    received: () => received,
    close: async () => {
      for (const socket of sockets) socket.terminate();
      await server.close();
    },
  };
}
