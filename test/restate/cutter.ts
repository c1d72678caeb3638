/**
 * Stands before one worker, and cuts each saga off from it once: after so many of the messages that
 * the worker says of that saga, in the middle of whatever it was doing. For Restate the worker is
 * lost there; what it had said by then is kept.
 *
 * Messages of the protocol begin with eight bytes, of which the last four are the length of the rest.
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

const HEADER_BYTES = 8;
/** A saga that was started with a key, as it is named in whatever is asked of it. */
const KEYED_SAGA = /k[0-9a-hjkmnp-tv-z]{25}/;

export class Cutter {
  /** Sagas that were cut off, each once. */
  readonly cut = new Set<string>();
  readonly #server: Http2Server = createServer();
  readonly #clients = new Set<ServerHttp2Session>();
  readonly #worker: ClientHttp2Session;
  readonly #said = new Map<string, number>();
  readonly #cutAfter: (saga: string) => number;

  private constructor(worker: ClientHttp2Session, cutAfter: (saga: string) => number) {
    this.#worker = worker;
    this.#cutAfter = cutAfter;
    this.#server.on('session', (session) => {
      this.#clients.add(session);
      session.once('close', () => this.#clients.delete(session));
    });
    this.#server.on('stream', (stream, headers) => this.#pass(stream, headers));
  }

  /** @param cutAfter how many messages a saga gets through; one more is lost, and the stream */
  static async before(port: number, cutAfter: (saga: string) => number): Promise<Cutter> {
    const worker = connect(`http://127.0.0.1:${port}`);
    await once(worker, 'connect');
    const cutter = new Cutter(worker, cutAfter);
    cutter.#server.listen(0, '127.0.0.1');
    await once(cutter.#server, 'listening');
    return cutter;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const session of [this.#worker, ...this.#clients]) session.destroy();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }

  #pass(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const onward = this.#worker.request(headers);
    let saga: string | null = null;
    let rest = Buffer.alloc(0);
    const fail = (): void => {
      if (!stream.destroyed) stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    };
    for (const end of [stream, onward]) end.on('error', fail);
    onward.on('aborted', fail);
    stream.on('close', () => onward.close(constants.NGHTTP2_CANCEL));
    stream.on('data', (chunk: Buffer) => {
      saga ??= KEYED_SAGA.exec(chunk.toString('latin1'))?.[0] ?? null;
      onward.write(chunk);
    });
    stream.on('end', () => onward.end());
    onward.on('response', ({ ':status': status, ...more }) => {
      if (!stream.destroyed) stream.respond({ ':status': status, ...more });
    });
    onward.on('data', (chunk: Buffer) => {
      if (saga === null) {
        stream.write(chunk);
        return;
      }
      rest = Buffer.concat([rest, chunk]);
      for (let whole = wholeMessage(rest); whole !== null; whole = wholeMessage(rest)) {
        rest = rest.subarray(whole.length);
        if (this.#isCut(saga)) return fail();
        stream.write(whole);
      }
    });
    onward.on('end', () => {
      if (!stream.destroyed) stream.end();
    });
  }

  #isCut(saga: string): boolean {
    if (this.cut.has(saga)) return false;
    const said = this.#said.get(saga) ?? 0;
    this.#said.set(saga, said + 1);
    if (said < this.#cutAfter(saga)) return false;
    this.cut.add(saga);
    return true;
  }
}

function wholeMessage(bytes: Buffer): Buffer | null {
  if (bytes.length < HEADER_BYTES) return null;
  const length = HEADER_BYTES + bytes.readUInt32BE(4);
  return bytes.length < length ? null : bytes.subarray(0, length);
}
