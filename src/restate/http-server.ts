/**
 * Serves Restate over HTTP/2 alone. Over HTTP/1.1 a call waits for an answer before it says more, so
 * that every attempt of an activity would look interrupted: whoever speaks it, such as a balancer
 * that knows no better, is told so and served nothing.
 */
import { once } from 'node:events';
import { createServer as createHttp2, type Http2ServerRequest } from 'node:http2';
import type { Http2ServerResponse, ServerHttp2Session } from 'node:http2';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** How each connection of HTTP/2 begins. */
const PREFACE = 'PRI * HTTP/2.0';
const REFUSAL =
  'Backstep takes HTTP/2 only, from Restate and from every balancer on the way: over HTTP/1.1 each ' +
  'attempt would look interrupted. Let the balancer speak HTTP/2 to its workers.';

export interface HttpServer {
  readonly port: number;
  /**
   * Takes nothing new, neither connections nor streams on those that are open, and lets what is under
   * way end. Resolves once it has.
   */
  close(): Promise<void>;
  /** Nor does it keep those that are open, whoever they are of. */
  end(): void;
}

export interface HttpServerOptions {
  /** 0: any free one. */
  readonly port: number;
  readonly host: string;
  readonly handler: (request: Http2ServerRequest, response: Http2ServerResponse) => void;
  /** Somebody spoke HTTP/1.1 and was refused, with these words. */
  readonly onRefused: (refusal: string) => void;
  /** How long a connection may say nothing that it is taken for one of HTTP/2 by. Default 10,000. */
  readonly silentMs?: number;
}

const DEFAULT_SILENT_MS = 10_000;

/** Listens. Rejects where the port cannot be had. */
export async function serveHttp2(options: HttpServerOptions): Promise<HttpServer> {
  const { port, host, handler, onRefused, silentMs = DEFAULT_SILENT_MS } = options;
  const http2 = createHttp2(handler);
  const sessions = new Set<ServerHttp2Session>();
  const ended = Promise.withResolvers<void>();
  let isClosing = false;
  const endIfQuiet = (): void => {
    if (isClosing && sessions.size === 0) ended.resolve();
  };
  http2.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => {
      sessions.delete(session);
      endIfQuiet();
    });
    if (isClosing) session.close();
  });
  /** Connections of which nobody knows yet what they speak, and those that were refused. */
  const strangers = new Set<Socket>();
  const server = createServer((socket) => {
    socket.on('error', () => {}); // whoever called is gone
    const drop = (): void => void socket.destroy();
    strangers.add(socket.setTimeout(silentMs, drop));
    socket.once('close', () => strangers.delete(socket));
    socket.once('readable', () => {
      const first = socket.read() as Buffer | null; // bytes: no encoding is set
      if (first === null) return;
      if (isHttp2(first)) {
        strangers.delete(socket.setTimeout(0, drop));
        socket.unshift(first);
        http2.emit('connection', socket);
        return;
      }
      onRefused(REFUSAL);
      refuse(socket);
    });
  });
  server.listen(port, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      isClosing = true;
      server.close();
      for (const session of sessions) session.close();
      endIfQuiet();
      return ended.promise;
    },
    end: () => {
      server.close();
      for (const each of [...sessions, ...strangers]) each.destroy();
    },
  };
}

function isHttp2(first: Buffer): boolean {
  const length = Math.min(first.length, PREFACE.length);
  return first.toString('latin1', 0, length) === PREFACE.slice(0, length);
}

function refuse(socket: Socket): void {
  socket.end(
    `HTTP/1.1 505 HTTP Version Not Supported\r\ncontent-type: text/plain\r\nconnection: close\r\n` +
      `content-length: ${Buffer.byteLength(REFUSAL)}\r\n\r\n${REFUSAL}`,
  );
}
