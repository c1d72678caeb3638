/**
 * One address for several workers of a machine: each stream of HTTP/2 goes to the next worker, both
 * ways at once.
 *
 * Restate takes one address for a deployment. It is no balancer for many machines: it looks after
 * nobody, and whoever starts a worker says so here. Invariant: a stream whose worker is gone ends
 * with an error and is never told as answered; Restate then tries again.
 */
import { once } from 'node:events';
import {
  type ClientHttp2Session,
  connect,
  constants,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';

export class Balancer {
  readonly #server: Http2Server = createServer();
  readonly #clients = new Set<ServerHttp2Session>();
  readonly #workers = new Map<number, ClientHttp2Session>();
  #turn = 0;

  /** Listens on a port of the loopback; by default on a free one. */
  static async open(port = 0): Promise<Balancer> {
    const balancer = new Balancer();
    const server = balancer.#server;
    server.on('session', (session) => {
      balancer.#clients.add(session);
      session.once('close', () => balancer.#clients.delete(session));
    });
    server.on('stream', (stream, headers) => balancer.#pass(stream, headers));
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return balancer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** From now on streams go to the worker on that port as well, until it is gone. */
  async add(port: number): Promise<void> {
    const session = connect(`http://127.0.0.1:${port}`);
    session.on('error', () => {}); // 'close' follows
    session.once('close', () => {
      if (this.#workers.get(port) === session) this.#workers.delete(port);
    });
    await once(session, 'connect');
    this.#workers.set(port, session);
  }

  /** No new stream goes there; those under way end by themselves. */
  remove(port: number): void {
    this.#workers.get(port)?.close();
    this.#workers.delete(port);
  }

  async close(): Promise<void> {
    for (const session of [...this.#workers.values(), ...this.#clients]) session.destroy();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }

  #pass(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const workers = [...this.#workers.values()].filter((each) => !each.closed && !each.destroyed);
    const worker = workers[this.#turn++ % workers.length];
    stream.on('error', () => {}); // whoever called is gone
    if (worker === undefined) {
      stream.respond({ ':status': 503 }, { endStream: true });
      return;
    }
    const onward = worker.request(headers);
    onward.on('response', ({ ':status': status, ...rest }) => {
      if (!stream.destroyed) stream.respond({ ':status': status, ...rest });
    });
    const fail = (): void => {
      if (stream.destroyed) return;
      if (stream.headersSent) stream.close(constants.NGHTTP2_INTERNAL_ERROR);
      else stream.respond({ ':status': 503 }, { endStream: true });
    };
    onward.on('error', fail);
    onward.on('aborted', fail);
    stream.on('close', () => onward.close(constants.NGHTTP2_CANCEL));
    stream.pipe(onward);
    onward.pipe(stream);
  }
}
