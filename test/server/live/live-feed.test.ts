import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocketServer, type WebSocket } from 'ws';
import { noteConnection, socketSink } from '../../../src/server/live/feed-sinks.ts';
import { type FeedSink, MAX_BACKLOG_BYTES, openFeed } from '../../../src/server/live/live-feed.ts';
import type { FeedFilter } from '../../../src/store/read-models.ts';
import { openFixture, type HttpFixture } from '../http-fixture.ts';
import { openSocket } from './live-socket.ts';

/** More sagas than what a feed notes while it catches up, three lines each. */
const MANY_SAGAS = 200;

let http: HttpFixture;
const stops: (() => void)[] = [];
beforeEach(async () => void (http = await openFixture({ onDisk: true })));
afterEach(async () => {
  for (const stop of stops.splice(0)) stop();
  await http.dispose();
});

describe('a feed', () => {
  it('joins journal and live stream without gap or double, whenever it starts', async () => {
    const opened: TestSink[] = [];
    for (let round = 0; round < 20; round += 1) {
      opened.push(listen(testSink(), {}, 0));
      await Promise.all([place(3), http.backstep.read.feedAfter(0, 1, {})]);
    }
    const journal = await wholeJournal();
    for (const sink of opened) {
      await sink.until((seen) => seen.length >= journal.length);
      expect(sink.cursors).toEqual(journal);
    }
  });

  it('joins without gap or double although more commits than it may note while it reads', async () => {
    const sink = testSink();
    const gate = Promise.withResolvers<void>();
    sink.drained = () => gate.promise;
    listen(sink, {}, 0);
    await place(MANY_SAGAS);
    gate.resolve();
    const journal = await wholeJournal();
    await sink.until((seen) => seen.length >= journal.length);
    expect(sink.cursors).toEqual(journal);
  });

  it('sends a slow client back to the journal, and nothing until it has read', async () => {
    const sink = testSink();
    const gate = Promise.withResolvers<void>();
    let resyncs = 0;
    const stop = openFeed(
      http.backstep,
      { filter: {}, since: null, epochs: [], areEpochsFinal: true },
      sink,
      {
        resync: () => (resyncs += 1),
        failed: fail,
      },
    );
    await place(1);
    const before = sink.cursors.at(-1);
    sink.backlog = MAX_BACKLOG_BYTES + 1;
    sink.drained = () => gate.promise;
    const sent = sink.texts.length;
    await place(MANY_SAGAS);
    expect(sink.texts.slice(sent).map((text): unknown => JSON.parse(text))).toEqual([
      { kind: 'resync', cursor: before, reason: 'slow' },
    ]);
    sink.backlog = 0;
    gate.resolve();
    const journal = await wholeJournal();
    await sink.until((seen) => seen.length >= journal.length);
    expect(sink.cursors).toEqual(journal);
    expect(resyncs).toBe(1);
    stop();
  });

  it('goes on live after it caught up', async () => {
    await place(2);
    const sink = listen(testSink(), {}, 0);
    await sink.until((seen) => seen.length === 6);
    await place(1);
    await sink.until((seen) => seen.length === 9);
    expect(sink.cursors).toEqual(await wholeJournal());
  });

  it('shows what its filter lets through, from the journal and live alike', async () => {
    const id = await http.settledOrder('one');
    const filters: readonly FeedFilter[] = [
      { sagaId: id },
      { status: 'completed' },
      { type: 'nope' },
    ];
    const sinks = filters.map((filter) => listen(testSink(), filter, 0));
    const later = await http.settledOrder('two');
    const everything = listen(testSink(), {}, 0);
    await everything.until((seen) => seen.length === 6);
    await sinks[0]?.until((seen) => seen.length === 3);
    await sinks[1]?.until((seen) => seen.length === 2);
    expect(sinks.map((sink) => sink.sagas)).toEqual([[id, id, id], [id, later], []]);
  });

  it('stops at once when it is closed', async () => {
    const sink = testSink();
    const stop = openFeed(
      http.backstep,
      { filter: {}, since: null, epochs: [], areEpochsFinal: true },
      sink,
      quiet,
    );
    await place(1);
    stop();
    await place(1);
    expect(sink.cursors).toHaveLength(3);
  });
});

describe('a feed over a socket whose client does not read', () => {
  it('holds no more than its bound, and catches up once it reads', async () => {
    const { server, client, socket } = await connect();
    client.socket.pause();
    const sink = socketSink(socket);
    const filler = 'x'.repeat(64 * 1024);
    while (sink.backlogBytes() <= MAX_BACKLOG_BYTES) {
      sink.send(filler, '');
      await new Promise((resolve) => setImmediate(resolve));
    }
    const stop = openFeed(
      http.backstep,
      { filter: {}, since: null, epochs: [], areEpochsFinal: true },
      sink,
      quiet,
    );
    const heldBytes = sink.backlogBytes();
    await place(50);
    expect(sink.backlogBytes()).toBeLessThan(heldBytes + 200);
    client.socket.resume();
    const journal = await wholeJournal();
    const cursors = () =>
      client.texts
        .filter((text) => text.startsWith('{"cursor"'))
        .map((text) => (JSON.parse(text) as { cursor: string }).cursor);
    await client.until(() => cursors().length >= journal.length);
    expect(cursors()).toEqual(journal);
    expect(client.texts.filter((text) => text.includes('resync'))).toEqual([
      '{"kind":"resync","cursor":"0","reason":"slow"}',
    ]);
    stop();
    client.socket.terminate();
    server.close();
  });
});

describe('messages that are sent before the event loop goes on', () => {
  it('leave in one piece, and arrive one by one', async () => {
    const { server, client, socket, connection } = await connect();
    const sink = socketSink(socket);
    for (const text of ['one', 'two', 'three']) sink.send(text, '');
    expect(connection.writableCorked).toBe(1);
    await client.until(() => client.texts.length >= 3);
    expect(client.texts).toEqual(['one', 'two', 'three']);
    expect(connection.writableCorked).toBe(0);
    client.socket.terminate();
    server.close();
  });

  it('do not wait for one another beyond a bound', async () => {
    const { server, client, socket, connection } = await connect();
    const sink = socketSink(socket);
    const filler = 'x'.repeat(1_024);
    const most: number[] = [];
    for (let count = 0; count < 200; count++) {
      sink.send(`${count} ${filler}`, '');
      most.push(connection.writableLength);
    }
    expect(Math.max(...most)).toBeLessThan(80 * 1_024);
    await client.until(() => client.texts.length >= 200);
    expect(client.texts.map((text) => Number(text.split(' ')[0]))).toEqual([...most.keys()]);
    client.socket.terminate();
    server.close();
  });
});

const quiet = { resync() {}, failed: fail };

/** A WebSocket on loopback, seen from both ends. */
async function connect() {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
  await once(server, 'listening');
  const connected = once(server, 'connection');
  const client = await openSocket(urlOf(server));
  const [socket, { socket: connection }] = (await connected) as [WebSocket, IncomingMessage];
  noteConnection(socket, connection);
  return { server, client, socket, connection };
}

interface TestSink extends FeedSink {
  backlog: number;
  readonly texts: string[];
  readonly cursors: readonly string[];
  readonly sagas: readonly string[];
  until(predicate: (texts: readonly string[]) => boolean): Promise<void>;
}

/** Takes everything at once; the test sets its backlog. Resyncs count among no cursors. */
function testSink(): TestSink {
  const texts: string[] = [];
  const watchers = new Set<() => void>();
  const entries = () =>
    texts
      .map((text) => JSON.parse(text) as { kind: string; cursor: string; saga: string })
      .filter(({ kind }) => kind !== 'resync');
  return {
    backlog: 0,
    texts,
    get cursors() {
      return entries().map(({ cursor }) => cursor);
    },
    get sagas() {
      return entries().map(({ saga }) => saga);
    },
    send(message) {
      texts.push(message);
      for (const watcher of watchers) watcher();
    },
    backlogBytes() {
      return this.backlog;
    },
    drained: () => Promise.resolve(),
    until(predicate) {
      return new Promise((resolve) => {
        const check = (): void => {
          if (predicate(this.cursors)) resolve();
        };
        watchers.add(check);
        check();
      });
    },
  };
}

function listen(sink: TestSink, filter: FeedFilter, since: number | null): TestSink {
  const from = since === null ? null : { seq: since, isLost: false };
  stops.push(
    openFeed(http.backstep, { filter, since: from, epochs: [], areEpochsFinal: true }, sink, quiet),
  );
  return sink;
}

/** Places orders side by side and waits until all are settled. */
async function place(count: number): Promise<void> {
  const orders = Array.from({ length: count }, () => http.settledOrder('o'));
  await Promise.all(orders);
}

async function wholeJournal(): Promise<readonly string[]> {
  const cursors: string[] = [];
  for (;;) {
    const page = await http.backstep.read.feedAfter(cursors.length, 500, {});
    if (page.length === 0) return cursors;
    cursors.push(...page.map(({ seq }) => String(seq)));
  }
}

function urlOf(server: WebSocketServer): string {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  return `ws://127.0.0.1:${address.port}`;
}

function fail(error: unknown): never {
  throw error;
}
