/**
 * Clients that ask and never read, hold every place they get, or flood a WebSocket with what costs
 * them nothing: others are served, and memory stays where it is.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Hono } from 'hono';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { HttpEnv } from '../../src/server/http-env.ts';
import { startServer, type RunningServer } from '../../src/server/listening-server.ts';
import { openFixture, type HttpFixture } from '../server/http-fixture.ts';

const PER_ADDRESS = 20;
const PIPELINED = 80;
const WRITE_MS = 2_000;
const ANSWER_BYTES = 200 * 1024;
/** Far more than a client gets to send in the time that it is given. */
const FLOOD_BYTES = 4 * 1024 * 1024 * 1024;
/** The client's own part included: it lives in this process. */
const MAX_GROWTH_BYTES = 200 * 1024 * 1024;
const TEST_LIMIT_MS = 60_000;
/** Two addresses of this machine. */
const MINE = '127.0.0.2';
const THEIRS = '127.0.0.3';

let http: HttpFixture;
let server: RunningServer;
const open: Socket[] = [];
beforeEach(async () => {
  http = await openFixture({
    onDisk: true,
    security: { allowedHosts: ['localhost'], token: null, requestsPerSecond: null },
  });
  server = await serve(http.app);
});
afterEach(async () => {
  for (const socket of open.splice(0)) socket.destroy();
  await server.close();
  await http.dispose();
});

test(
  `${PER_ADDRESS} connections of ${PIPELINED} requests that are never read are cut off, and others are served`,
  async () => {
    await server.close();
    server = await serve(cheapApp());
    const request = 'GET /long HTTP/1.1\r\nhost: localhost\r\n\r\n';
    const deaf = Array.from({ length: PER_ADDRESS }, () => opened(THEIRS));
    for (const socket of deaf) {
      socket.pause();
      socket.write(request.repeat(PIPELINED));
    }
    const closed = deaf.map((socket) => once(socket, 'close'));
    await Promise.all(deaf.map((socket) => once(socket, 'connect')));
    // From that address only the health is told; from another everything.
    const asked = [
      statusOf(THEIRS, '/api/health'),
      statusOf(THEIRS, '/short'),
      statusOf(MINE, '/short'),
    ];
    expect(await Promise.all(asked)).toEqual([200, 503, 200]);
    // One that is cut off is told so only when it looks.
    await until(() => server.connections() === 0);
    for (const socket of deaf) socket.resume();
    await Promise.all(closed);
    expect(await statusOf(THEIRS, '/short')).toBe(200);
  },
  TEST_LIMIT_MS,
);

test(
  'a client that reads slowly is not cut off',
  async () => {
    await server.close();
    server = await serve(cheapApp());
    const socket = opened(MINE);
    const head = 'GET /long HTTP/1.1\r\nhost: localhost\r\n';
    socket.write(`${head}\r\n`.repeat(PIPELINED - 1) + `${head}connection: close\r\n\r\n`);
    let bytes = 0;
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      socket.pause();
      setImmediate(() => socket.resume());
    });
    await once(socket, 'end');
    expect(bytes).toBeGreaterThan(PIPELINED * ANSWER_BYTES);
  },
  TEST_LIMIT_MS,
);

/** Masked frames without content, the mask zero. */
const PING = Buffer.from([0x89, 0x80, 0, 0, 0, 0]);
const PONG = Buffer.from([0x8a, 0x80, 0, 0, 0, 0]);
const FIRST_FRAGMENT = Buffer.from([0x01, 0x80, 0, 0, 0, 0]);
const FRAGMENT = Buffer.from([0x00, 0x80, 0, 0, 0, 0]);
const FULL_PING = Buffer.concat([Buffer.from([0x89, 0xfd, 0, 0, 0, 0]), Buffer.alloc(125)]);

test.each([
  ['pings', PING, PING],
  ['pings with content', FULL_PING, FULL_PING],
  ['pongs', PONG, PONG],
  ['fragments', FIRST_FRAGMENT, FRAGMENT],
])(
  'a WebSocket that sends %s without end is cut off, and takes bounded memory',
  async (_, first, frame) => {
    const socket = opened(MINE);
    socket.write(
      'GET /ws/transitions HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\n' +
        'connection: upgrade\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n' +
        'sec-websocket-version: 13\r\n\r\n',
    );
    await once(socket, 'data');
    socket.pause();
    const before = process.memoryUsage.rss();
    const chunk = Buffer.concat(Array.from({ length: 10_000 }, () => frame));
    let sent = 0;
    let most = before;
    socket.write(first);
    while (!socket.destroyed && sent < FLOOD_BYTES) {
      sent += chunk.length;
      await new Promise((resolve) => socket.write(chunk, resolve));
      most = Math.max(most, process.memoryUsage.rss());
    }
    expect(socket.destroyed).toBe(true);
    expect(sent).toBeLessThan(FLOOD_BYTES);
    expect(most - before).toBeLessThan(MAX_GROWTH_BYTES);
    expect(await statusOf(MINE, '/api/health')).toBe(200);
  },
  TEST_LIMIT_MS,
);

function serve(app: Hono<HttpEnv>): Promise<RunningServer> {
  return startServer(app, {
    host: '127.0.0.1',
    port: 0,
    connectionsPerAddress: PER_ADDRESS,
    timeouts: { writeMs: WRITE_MS },
  });
}

/** Answers that cost nothing to make: client and server share a process here. */
function cheapApp(): Hono<HttpEnv> {
  const long = 'x'.repeat(ANSWER_BYTES);
  return new Hono<HttpEnv>()
    .get('/long', (c) => c.text(long))
    .get('/short', (c) => c.text('short'))
    .get('/api/health', (c) => c.text('ready'));
}

function opened(localAddress: string): Socket {
  const socket = connect({ port: server.port, host: '127.0.0.1', localAddress });
  socket.on('error', () => {}); // cut off in the middle of a word
  open.push(socket);
  return socket;
}

async function statusOf(localAddress: string, path: string): Promise<number> {
  const socket = opened(localAddress);
  socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`);
  let text = '';
  socket.on('data', (data: Buffer) => (text += data.toString('latin1')));
  await once(socket, 'close');
  return Number(text.slice(9, 12));
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}
