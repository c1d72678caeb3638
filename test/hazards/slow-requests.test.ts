/** Requests that come drop by drop or never end: each is cut off, and nobody else waits for it. */
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startServer, type RunningServer } from '../../src/server/listening-server.ts';
import { openFixture, type HttpFixture } from '../server/http-fixture.ts';

const CLIENTS = 50;
const DROP_MS = 40;
const TIMEOUTS = { headersMs: 300, requestMs: 600, keepAliveMs: 300 };

const HEAD =
  'POST /api/sagas/order HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n';

let http: HttpFixture;
let server: RunningServer;
beforeAll(async () => {
  http = await openFixture({ onDisk: true });
  server = await startServer(http.app, { host: '127.0.0.1', port: 0, timeouts: TIMEOUTS });
});
afterAll(async () => {
  await server.close();
  await http.dispose();
});

describe(`${CLIENTS} clients at once`, () => {
  test.each([
    ['never finish their headers', HEAD, ''],
    ['send their headers drop by drop', HEAD, 'x'],
    ['announce a body and never send it', `${HEAD}content-length: 1000\r\n\r\n`, ''],
    ['send their body drop by drop', `${HEAD}content-length: 1000\r\n\r\n`, ' '],
    ['never end their chunks', `${HEAD}transfer-encoding: chunked\r\n\r\n`, '1\r\n \r\n'],
  ])('that %s are cut off with 408, and others are served', async (_, head, drop) => {
    const slow = Array.from({ length: CLIENTS }, () => dripping(server.port, head, drop));
    const response = await fetch(`${server.url}/api/health`);
    expect(await response.json()).toEqual({ status: 'ready' });
    const statuses = await Promise.all(slow);
    // Cut off in the middle of a drop, some lose the answer to the reset that follows it.
    expect(new Set(statuses.filter((status) => status !== ''))).toEqual(new Set(['408']));
    expect(http.log).toEqual([]);
  });

  test('that say nothing at all are cut off too', async () => {
    const silent = Array.from({ length: CLIENTS }, () => dripping(server.port, '', ''));
    await Promise.all(silent);
    expect((await fetch(`${server.url}/api/health`)).status).toBe(200);
  });
});

/** Sends the head, then a drop at a time. Resolves with the status once it is cut off. */
async function dripping(port: number, head: string, drop: string): Promise<string> {
  const socket: Socket = connect({ port, host: '127.0.0.1' });
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  socket.on('error', () => {}); // cut off in the middle of a drop
  socket.write(head);
  const drops = setInterval(() => socket.write(drop), DROP_MS);
  await new Promise((resolve) => socket.once('close', resolve));
  clearInterval(drops);
  return text.slice(9, 12);
}
