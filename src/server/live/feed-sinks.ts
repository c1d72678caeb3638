/**
 * The two ways out of a feed: a WebSocket and a stream of server-sent events.
 *
 * Must never buffer by itself: what has not left is counted, and the feed stops sending.
 */
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { FeedSink } from './live-feed.ts';

/** A backlog at or below this is low, in bytes. */
const LOW_BACKLOG_BYTES = 32 * 1024;
/** So much is handed to the operating system at once, in bytes. */
const MAX_CORKED_BYTES = 64 * 1024;

const connections = new WeakMap<WebSocket, Socket>();

/** Names the connection under a WebSocket: only it can hold frames together. */
export function noteConnection(socket: WebSocket, connection: Socket): void {
  connections.set(socket, connection);
}

/** Writes to a WebSocket. What is sent before the event loop goes on leaves in one piece. */
export function socketSink(socket: WebSocket): FeedSink {
  const cork = corkOf(socket);
  const waiting = new Set<() => void>();
  const isLow = (): boolean =>
    socket.readyState !== socket.OPEN || socket.bufferedAmount <= LOW_BACKLOG_BYTES;
  const wake = (): void => {
    if (!isLow()) return;
    for (const resolve of waiting) resolve();
    waiting.clear();
  };
  socket.on('close', wake);
  return {
    send(message) {
      // Called back when the message left, or at once with an error on a closed socket.
      if (socket.readyState !== socket.OPEN) return;
      cork();
      socket.send(encoded(message), AS_TEXT, wake);
    },
    backlogBytes: () => socket.bufferedAmount,
    drained: () => (isLow() ? Promise.resolve() : new Promise((resolve) => waiting.add(resolve))),
  };
}

const AS_TEXT = { binary: false };

let lastText = '';
let lastBytes = Buffer.from(lastText);

// Every client gets a message before the next one is made: it is encoded once for all of them.
function encoded(text: string): Buffer {
  if (text !== lastText) {
    lastText = text;
    lastBytes = Buffer.from(text);
  }
  return lastBytes;
}

// One system call per batch of commits and client instead of one per message.
function corkOf(socket: WebSocket): () => void {
  const connection = connections.get(socket);
  if (connection === undefined) return () => {};
  let isCorked = false;
  const uncork = (): void => {
    isCorked = false;
    connection.uncork();
  };
  return () => {
    if (isCorked && connection.writableLength > MAX_CORKED_BYTES) {
      connection.uncork();
      connection.cork();
    }
    if (isCorked) return;
    isCorked = true;
    connection.cork();
    process.nextTick(uncork); // runs when all promises of the batch have
  };
}

/** A body of server-sent events and the way to write to it. */
export interface EventStream {
  readonly body: ReadableStream<Uint8Array>;
  readonly sink: FeedSink;
  /** A line that clients ignore, so that proxies keep the connection. */
  comment(): void;
  /** True while the client has more to read than is let wait for it. */
  isBehind(): boolean;
  /** Ends the body after what was written. Idempotent. */
  close(): void;
  /** Breaks the connection off: for a client that no longer reads. */
  drop(): void;
}

/** Opens an event stream; `onEnd` is called once, whoever ends it. */
export function eventStream(onEnd: () => void): EventStream {
  const encoder = new TextEncoder();
  const waiting = new Set<() => void>();
  let stream: ReadableStreamDefaultController<Uint8Array> | null = null;
  const wake = (): void => {
    for (const resolve of waiting) resolve();
    waiting.clear();
  };
  const end = (): void => {
    if (stream === null) return;
    stream = null;
    wake();
    onEnd();
  };
  const backlogBytes = (): number =>
    stream === null ? 0 : LOW_BACKLOG_BYTES - (stream.desiredSize ?? LOW_BACKLOG_BYTES);
  const write = (text: string): void => stream?.enqueue(encoder.encode(text));
  const body = new ReadableStream<Uint8Array>(
    {
      start: (controller) => void (stream = controller),
      pull: wake, // called when the backlog fell below the mark
      cancel: end,
    },
    new ByteLengthQueuingStrategy({ highWaterMark: LOW_BACKLOG_BYTES }),
  );
  return {
    body,
    sink: {
      send: (message, cursor) => write(`id: ${cursor}\ndata: ${message}\n\n`),
      backlogBytes,
      drained: () =>
        stream === null || backlogBytes() < LOW_BACKLOG_BYTES
          ? Promise.resolve()
          : new Promise((resolve) => waiting.add(resolve)),
    },
    comment: () => write(': still here\n\n'),
    isBehind: () => backlogBytes() >= LOW_BACKLOG_BYTES,
    close() {
      stream?.close();
      end();
    },
    drop() {
      stream?.error(new Error('the client does not read'));
      end();
    },
  };
}
