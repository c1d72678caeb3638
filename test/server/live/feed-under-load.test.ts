/** The feed over real connections while thousands of transitions are committed. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RunningServer, startServer } from '../../../src/server/listening-server.ts';
import { type HttpFixture, openFixture } from '../http-fixture.ts';
import { openSocket } from './live-socket.ts';

const SAGAS = 1_500;
/** Enough for several seconds of two thousand transitions each. */
const MANY = 4_000;
/** Orders under way at a time. */
const AT_ONCE = 150;
const CHAPTER = new URL('../../../public/guide/08-server.md', import.meta.url);

let http: HttpFixture;
let server: RunningServer;
beforeEach(async () => {
  http = await openFixture({ maxClients: 1_000, onDisk: true });
  server = await startServer(http.app, { host: '127.0.0.1', port: 0 });
});
afterEach(async () => {
  await server.close();
  await http.dispose();
});

describe('a client that comes and goes while thousands of transitions are committed', () => {
  it('has each of them once and in order, by WebSocket', async () => {
    const load = place(SAGAS);
    const cursors: string[] = [];
    let connections = 0;
    while (cursors.length < SAGAS * 3) {
      const since = cursors.at(-1) ?? '0';
      const client = await openSocket(`${address('ws')}/ws/transitions?since=${since}`);
      connections += 1;
      // Leaves after some hundred messages, in the middle of whatever is under way.
      const goal = Math.min(SAGAS * 3 - cursors.length, 100 + ((connections * 137) % 400));
      await client.until((texts) => texts.length >= goal);
      client.socket.terminate();
      await client.closed;
      cursors.push(...client.texts.map(cursorOf));
    }
    await load;
    expect(cursors.map(positionOf)).toEqual(wholeJournal());
    expect(connections).toBeGreaterThan(10);
  });

  it('has each of them once and in order, by server-sent events', async () => {
    const load = place(SAGAS);
    const cursors: string[] = [];
    let connections = 0;
    while (cursors.length < SAGAS * 3) {
      const headers = { 'last-event-id': cursors.at(-1) ?? '0' };
      const response = await fetch(`${address('http')}/api/transitions`, { headers });
      connections += 1;
      const goal = Math.min(SAGAS * 3, cursors.length + 100 + ((connections * 137) % 400));
      await readEvents(response, cursors, goal);
    }
    await load;
    expect(cursors.map(positionOf)).toEqual(wholeJournal());
    expect(connections).toBeGreaterThan(5);
  });
});

describe('clients that stay while the engine commits as fast as it can', () => {
  it('have each of twelve thousand transitions once and in order', async () => {
    const url = `${address('ws')}/ws/transitions`;
    const sockets = await Promise.all([openSocket(url), openSocket(`${url}?since=0`)]);
    const cursors: string[] = [];
    const response = await fetch(`${address('http')}/api/transitions`);
    const reading = readEvents(response, cursors, MANY * 3);
    await place(MANY);
    await reading;
    expect(cursors.map(positionOf)).toEqual(wholeJournal(MANY));
    for (const { until, texts, socket } of sockets) {
      await until(
        () => texts.length >= MANY * 3 && positionOf(cursorOf(texts.at(-1))) === String(MANY * 3),
      );
      // One that was too slow for a moment was told so, and caught up.
      const transitions = texts.filter((text) => !text.includes('"kind":"resync"'));
      expect(transitions.map(cursorOf).map(positionOf)).toEqual(wholeJournal(MANY));
      socket.terminate();
    }
  }, 120_000);
});

describe('a thousand clients', () => {
  it('hear of every transition, and one more is refused', async () => {
    const url = `${address('ws')}/ws/transitions`;
    const clients = await Promise.all(Array.from({ length: 1_000 }, () => openSocket(url)));
    await expect(openSocket(url)).rejects.toThrow('503');
    await http.settledOrder('heard');
    for (const client of clients) {
      await client.until((texts) => texts.length === 3);
      expect(client.texts.map(cursorOf).map(positionOf)).toEqual(['1', '2', '3']);
      client.socket.terminate();
    }
  });
});

describe('the client in the guide', () => {
  it('follows every transition with at most 15 lines, and goes on after the server was away', async () => {
    const script = /```js\n(.*?)```/s.exec(readFileSync(CHAPTER, 'utf8'))?.[1] ?? '';
    expect(script.trim().split('\n').length).toBeLessThanOrEqual(15);
    const first = await http.settledOrder('first');
    const here = script.replace('127.0.0.1:3000', `127.0.0.1:${server.port}`);
    expect(here).not.toBe(script);
    const program = spawn(process.execPath, ['--input-type=module', '--eval', here], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: program.stdout })[Symbol.asyncIterator]();
    const next = async (): Promise<string> => String((await lines.next()).value);
    for (let count = 0; count < 3; count += 1) expect(await next()).toContain(first);
    const { port } = server;
    await server.close();
    const missed = await http.settledOrder('missed');
    server = await startServer(http.app, { host: '127.0.0.1', port });
    for (let count = 0; count < 3; count += 1) expect(await next()).toContain(missed);
    program.kill();
    await once(program, 'close');
  });
});

function address(protocol: 'http' | 'ws'): string {
  return `${protocol}://127.0.0.1:${server.port}`;
}

/** Places orders, a bounded number at a time, until so many are settled. */
async function place(count: number): Promise<void> {
  let left = count;
  const places = Array.from({ length: AT_ONCE }, async () => {
    while (left > 0) {
      left -= 1;
      await http.settledOrder('o');
    }
  });
  await Promise.all(places);
}

/** The seqs count without gaps, three to an order. */
function wholeJournal(sagas = SAGAS): readonly string[] {
  return Array.from({ length: sagas * 3 }, (_, index) => String(index + 1));
}

function cursorOf(text = '{}'): string {
  const message = JSON.parse(text) as { readonly cursor: string };
  return message.cursor;
}

/** Without the epoch, which is the same for all. */
function positionOf(cursor: string): string {
  return cursor.split('.')[1] ?? '';
}

/** Takes events until there are `goal` cursors, then leaves. */
async function readEvents(response: Response, cursors: string[], goal: number): Promise<void> {
  let text = '';
  const stream: ReadableStream<Uint8Array> | null = response.body;
  for await (const chunk of stream ?? []) {
    text += new TextDecoder().decode(chunk);
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) {
      const cursor = /^id: (\S+)$/m.exec(event)?.[1];
      if (cursor !== undefined && cursors.length < goal) cursors.push(cursor);
    }
    if (cursors.length >= goal) return;
  }
}
