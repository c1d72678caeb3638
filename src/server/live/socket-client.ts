/**
 * One accepted WebSocket: on the list of live clients from its first to its last moment.
 *
 * Nothing that a client sends is used unless a receiver is given; a client that floods is dropped.
 */
import type { WebSocketLike } from '@hono/node-server';
import type { Context } from 'hono';
import type { WSEvents } from 'hono/ws';
import { WebSocket } from 'ws';
import type { HttpContext } from '../context.ts';
import type { HttpEnv } from '../http-env.ts';

/** Frames a client may send between two keepalive rounds, pings and pongs included. */
const MAX_FRAMES_PER_ROUND = 100;
const ERROR_GRACE_MS = 500;

/** Serves the socket that `c` asked for by `open`, which returns the way to stop; `receive` gets what the client says. */
export function serveSocket(
  c: Context,
  { clients }: Pick<HttpContext, 'clients'>,
  open: (socket: WebSocket) => () => void,
  receive: (text: string, socket: WebSocket) => void = () => {},
): WSEvents<WebSocketLike> {
  let stop = (): void => {};
  let frames = 0;
  const { session } = (c as Context<HttpEnv>).var; // as of every route here
  /** Counts a frame; a client that goes on after it was told to leave is cut off. */
  const isTooMuch = (socket: WebSocket): boolean => {
    frames += 1;
    if (frames <= MAX_FRAMES_PER_ROUND) return false;
    if (frames > 2 * MAX_FRAMES_PER_ROUND) socket.terminate();
    else socket.close(1008, 'this socket only talks');
    return true;
  };
  return {
    onOpen(_event, { raw: socket }) {
      if (!(socket instanceof WebSocket)) throw new Error('the server was not started with ws');
      // What broke the protocol is told so, and then not listened to any longer.
      socket.on('error', () => setTimeout(() => socket.terminate(), ERROR_GRACE_MS).unref());
      let hasAnswered = true;
      socket.on('pong', () => {
        hasAnswered = true;
        isTooMuch(socket);
      });
      // Never more than one pong waits for a client that does not read.
      socket.on('ping', (data) => {
        if (!isTooMuch(socket) && socket.bufferedAmount === 0) socket.pong(data);
      });
      const leave = clients.add({
        isAlive() {
          if (!hasAnswered) return false;
          hasAnswered = false;
          frames = 0;
          socket.ping();
          return true;
        },
        drop: () => socket.terminate(),
        session,
      });
      // Others took the last places between the upgrade's check and its end.
      if (leave === null) return socket.close(1013, 'too many live clients');
      const close = open(socket);
      stop = () => {
        close();
        leave();
      };
    },
    onMessage({ data }, { raw: socket }) {
      if (!(socket instanceof WebSocket) || isTooMuch(socket)) return;
      if (typeof data === 'string') receive(data, socket);
    },
    onClose: () => stop(),
  };
}
