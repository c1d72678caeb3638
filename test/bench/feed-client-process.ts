/** The process of feed-clients.ts: `<url> <count>`; says when it is connected, and ends on demand. */
import { once } from 'node:events';
import { argv } from 'node:process';
import { WebSocket } from 'ws';

const [, , url = '', count = '1'] = argv;
let received = 0;

async function open(): Promise<WebSocket> {
  const socket = new WebSocket(url);
  socket.on('message', () => void (received += 1));
  await once(socket, 'open');
  return socket;
}

const sockets = await Promise.all(Array.from({ length: Number(count) }, open));
process.send?.('connected');
await once(process, 'message');
for (const socket of sockets) socket.terminate();
process.send?.(received, () => process.disconnect());
