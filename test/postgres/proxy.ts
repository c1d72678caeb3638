/**
 * Stands between a client and PostgreSQL and cuts the connection at a chosen place: before so many
 * messages of the client have reached the server, or before so many of its answers have come back.
 *
 * It counts messages of the protocol, not packets, so that one run can be cut at each of them.
 */
import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** Which way the messages go that are counted. */
export type Direction = 'to-server' | 'to-client';

export interface Proxy {
  readonly url: string;
  /** Cuts the connection whose application has that in its name after so many more messages. */
  cutAfter(messages: number, direction: Direction, applicationName: string): void;
  /** The same, but nobody is told: that connection is silent from then on. Resolves with it. */
  silenceAfter(messages: number, direction: Direction, applicationName: string): Promise<void>;
  /** True once a connection was cut. */
  readonly hasCut: boolean;
  /** From now on nothing gets through, and nobody is told. */
  swallow(): void;
  /** Connections as before, for those that are made from now on. */
  restore(): void;
  /** From now on it leads to another server; connections to the one before end. */
  leadTo(tcpUrl: string): void;
}

/** A proxy before the server of a URL with a TCP port; gone when the test ends. */
export async function startProxy(tcpUrl: string): Promise<Proxy> {
  const target = new URL(tcpUrl);
  const proxy = new CuttingProxy(target.hostname, Number(target.port));
  const port = await proxy.listen();
  onTestFinished(() => proxy.close());
  const url = new URL(tcpUrl);
  url.hostname = '127.0.0.1';
  url.port = String(port);
  return Object.assign(proxy, { url: url.href });
}

interface Cut {
  left: number;
  /** Called in place of a cut. */
  readonly silenced: (() => void) | null;
  readonly direction: Direction;
  readonly applicationName: string;
}

class CuttingProxy {
  #host: string;
  #port: number;
  readonly #server = createServer((client) => this.#accept(client));
  readonly #sockets = new Set<Socket>();
  readonly #pairs = new Set<{ isSilent: boolean }>();
  #cut: Cut | null = null;
  #isSilent = false;
  hasCut = false;

  constructor(host: string, port: number) {
    this.#host = host;
    this.#port = port;
  }

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  cutAfter(messages: number, direction: Direction, applicationName: string): void {
    this.hasCut = false;
    this.#cut = { left: messages, direction, applicationName, silenced: null };
  }

  silenceAfter(messages: number, direction: Direction, applicationName: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#cut = { left: messages, direction, applicationName, silenced: resolve };
    return promise;
  }

  swallow(): void {
    this.#isSilent = true;
    for (const pair of this.#pairs) pair.isSilent = true;
  }

  restore(): void {
    this.#isSilent = false;
  }

  leadTo(tcpUrl: string): void {
    const target = new URL(tcpUrl);
    this.#host = target.hostname;
    this.#port = Number(target.port);
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(client: Socket): void {
    const server = createConnection(this.#port, this.#host);
    const pair = { isSilent: this.#isSilent };
    this.#pairs.add(pair);
    let name = '';
    const cut = (): void => {
      client.destroy();
      server.destroy();
    };
    const forward = (direction: Direction, to: Socket, skipsFirst: boolean) => {
      const messages = new Messages(skipsFirst);
      return (chunk: Buffer): void => {
        if (pair.isSilent) return;
        if (name === '') name = chunk.toString('latin1');
        const plan = this.#cut;
        if (plan?.direction !== direction || !name.includes(plan.applicationName)) {
          messages.take(chunk, Infinity);
          to.write(chunk);
          return;
        }
        const { bytes, count } = messages.take(chunk, plan.left);
        plan.left -= count;
        to.write(chunk.subarray(0, bytes));
        if (bytes === chunk.length && plan.left > 0) return;
        this.#cut = null;
        if (plan.silenced !== null) {
          pair.isSilent = true;
          return plan.silenced();
        }
        this.hasCut = true;
        // What came before the cut is to arrive.
        to.end(cut);
      };
    };
    client.on('data', forward('to-server', server, true));
    server.on('data', forward('to-client', client, false));
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', () => {}); // the other end is told by the close
      socket.on('close', () => {
        this.#pairs.delete(pair);
        if (!pair.isSilent) cut();
      });
    }
  }
}

/** Finds where messages end, over the borders of chunks. */
class Messages {
  /** Bytes of the message under way that are still to come. */
  #left = 0;
  #header = Buffer.alloc(0);
  /** The first message of a client has no type. */
  #isFirst: boolean;

  constructor(skipsFirst: boolean) {
    this.#isFirst = skipsFirst;
  }

  /** How many bytes of the chunk belong to the next `limit` messages, and how many ended in it. */
  take(chunk: Buffer, limit: number): { bytes: number; count: number } {
    let at = 0;
    let count = 0;
    while (at < chunk.length && count < limit) {
      if (this.#left === 0) {
        const headerLength = this.#isFirst ? 4 : 5;
        const wanted = headerLength - this.#header.length;
        this.#header = Buffer.concat([this.#header, chunk.subarray(at, at + wanted)]);
        at += Math.min(wanted, chunk.length - at);
        if (this.#header.length < headerLength) break;
        this.#left = this.#header.readInt32BE(headerLength - 4) - 4;
        this.#header = Buffer.alloc(0);
        this.#isFirst = false;
      } else {
        const taken = Math.min(this.#left, chunk.length - at);
        at += taken;
        this.#left -= taken;
      }
      if (this.#left === 0 && this.#header.length === 0) count += 1;
    }
    return { bytes: at, count };
  }
}
