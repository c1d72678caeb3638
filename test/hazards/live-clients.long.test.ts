/**
 * WebSocket clients that mean no good, or are just many, against the shipped server: the engine
 * must not notice them.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { expectBooksToAddUp, ordersOf } from '../e2e/order-books.ts';
import { siteFor, until, type Site } from '../e2e/site.ts';
import { faultsLoggedBy, residentBytesOf } from './server-figures.ts';

const CLIENTS = 1_000;
const AT_ONCE = 100;
const ORDERS = 25;
/** What a feed may hold for a client that does not read, and as much again for the client itself. */
const MAX_BYTES_PER_CLIENT = 2 * 256 * 1024;
const STORM_WAVES = 5;
const STORM_CLIENTS = 100;
const TEST_LIMIT_MS = 90_000;

const PATHS = ['/ws/transitions?since=0', '/ws/transitions', '/ws/page?page=/saga'];

interface Stats {
  readonly live: { readonly clients: number };
}

test(
  `${CLIENTS} clients that never read harm no commit and take bounded memory`,
  async () => {
    const site = await siteFor(onTestFinished);
    await site.provide();
    const server = await site.serve({ BACKSTEP_MAX_CLIENTS: String(CLIENTS) });
    const before = residentBytesOf(server.pid);
    const sockets = await openMany(site, CLIENTS);
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
    });
    await until('all are connected', async () => (await clientsOf(site)) === CLIENTS);
    expect(await upgradeStatus(site)).toBe(503);

    const orders = ordersOf(ORDERS);
    const answers = await Promise.all(orders.map((order) => site.order(order, '60s')));
    expect(answers.map(({ body }) => body.status)).toEqual(orders.map(() => 'completed'));
    await site.atRest();
    await expectBooksToAddUp(site, orders);
    expect(await clientsOf(site)).toBe(CLIENTS);
    const after = residentBytesOf(server.pid);
    if (before !== null && after !== null) {
      expect(after - before).toBeLessThan(CLIENTS * MAX_BYTES_PER_CLIENT);
    }
    expect(faultsLoggedBy(server)).toEqual([]);
  },
  TEST_LIMIT_MS,
);

test(
  'storms of clients that come and go, with and without a word, leave nothing behind',
  async () => {
    const site = await siteFor(onTestFinished);
    await site.provide();
    const server = await site.serve();
    const posting = Promise.all(ordersOf(ORDERS).map((order) => site.order(order, '60s')));
    for (let wave = 0; wave < STORM_WAVES; wave += 1) {
      const sockets = await openMany(site, STORM_CLIENTS);
      for (const [index, socket] of sockets.entries()) leave(socket, index);
    }
    const answers = await posting;
    expect(answers.map(({ body }) => body.status)).toEqual(answers.map(() => 'completed'));
    await until('all are gone', async () => (await clientsOf(site)) === 0);
    expect(faultsLoggedBy(server)).toEqual([]);
    await site.atRest();
    await expectBooksToAddUp(site, ordersOf(ORDERS));
  },
  TEST_LIMIT_MS,
);

/** Frames from a client, each wrong in its way; the mask is zero, which leaves the bytes as said. */
const BAD_FRAMES: readonly Buffer[] = [
  Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0xff, 0xfe]), // text that is not UTF-8
  Buffer.from([0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]), // announces four gigabytes
  Buffer.from([0x81, 0x02, 0x61, 0x62]), // not masked
  Buffer.from([0xf1, 0x80, 0, 0, 0, 0]), // bits that nobody agreed on
  Buffer.from([0x83, 0x80, 0, 0, 0, 0]), // a kind of frame that does not exist
  Buffer.from([0x09, 0x80, 0, 0, 0, 0]), // a ping in pieces
  Buffer.from([0x88, 0x81, 0, 0, 0, 0, 1]), // a close code of one byte
  Buffer.from('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n'),
];

function leave(socket: Socket, index: number): void {
  const frame = BAD_FRAMES[index % (BAD_FRAMES.length + 2)];
  if (frame !== undefined) socket.write(frame, () => socket.resume());
  else if (index % 2 === 0) socket.resetAndDestroy();
  else socket.destroy();
}

/** Connected clients that do not read; not more at once than a system lets wait for a server. */
async function openMany(site: Site, count: number): Promise<readonly Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const wave = Array.from(
      { length: Math.min(AT_ONCE, count - sockets.length) },
      async (_, nth) => {
        const { socket, status } = await upgrade(site, PATHS[nth % PATHS.length] ?? '');
        expect(status).toBe(101);
        return socket;
      },
    );
    sockets.push(...(await Promise.all(wave)));
  }
  return sockets;
}

async function upgradeStatus(site: Site): Promise<number> {
  const { socket, status } = await upgrade(site, PATHS[0] ?? '');
  socket.destroy();
  return status;
}

/** By hand, because a client library would read. */
async function upgrade(site: Site, path: string): Promise<{ socket: Socket; status: number }> {
  const socket = connect({ port: Number(new URL(site.url).port), host: '127.0.0.1' });
  socket.on('error', () => {}); // the server may cut off whoever misbehaves
  socket.write(
    `GET ${path} HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: upgrade\r\n` +
      'sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\nsec-websocket-version: 13\r\n\r\n',
  );
  const [head] = (await once(socket, 'data')) as [Buffer];
  socket.pause();
  return { socket, status: Number(head.toString('latin1').slice(9, 12)) };
}

async function clientsOf(site: Site): Promise<number> {
  return (await site.get<Stats>('/api/stats')).live.clients;
}
