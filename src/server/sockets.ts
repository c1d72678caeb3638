/**
 * The WebSocket server behind every way to run: bounds what a client may send, and says where each
 * connection is.
 */
import type { Socket } from 'node:net';
import type { WebSocketServerLike } from '@hono/node-server';
import { WebSocketServer } from 'ws';
import { noteConnection } from './live/feed-sinks.ts';

/** Longest message taken from a WebSocket client, and in how many pieces it may come. */
const MAX_MESSAGE_BYTES = 16 * 1024;
const MAX_FRAGMENTS = 16;
const MAX_CHUNKS = 128;

export type Sockets = WebSocketServer & WebSocketServerLike;

/** A server without a port: upgrades are handed to it. `onOpen` gets each connection. */
export function createSockets(onOpen: (connection: Socket) => void = () => {}): Sockets {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
    maxFragments: MAX_FRAGMENTS,
    maxBufferedChunks: MAX_CHUNKS,
    // Answered by `serveSocket`, which counts them.
    autoPong: false,
    perMessageDeflate: false,
  });
  if (!isUpgradeTarget(sockets)) throw new Error('the WebSocket server must not listen by itself');
  sockets.on('connection', (socket, { socket: connection }) => {
    onOpen(connection);
    noteConnection(socket, connection);
  });
  return sockets;
}

/** Tells every client that the server stops. */
export function closeSockets(sockets: Sockets): void {
  for (const socket of sockets.clients) socket.close(1001, 'the server stops');
}

/** Ends those that did not go. */
export function cutSockets(sockets: Sockets): void {
  for (const socket of sockets.clients) socket.terminate();
}

// The two packages differ only in whether an option may be given as undefined.
function isUpgradeTarget(sockets: WebSocketServer): sockets is Sockets {
  return sockets.options.noServer === true;
}
