/**
 * One accepted WebSocket: on the list of live clients from its first to its last moment.
 *
 * Nothing that a client sends is used unless a receiver is given; a client that floods is dropped.
 */
import type { WebSocketLike } from '@hono/node-server';
import type { Context } from 'hono';
import type { WSEvents } from 'hono/ws';
import { WebSocket } from 'ws';
import type { HttpContext } from './context.ts';
import { sessionNamedIn } from './sessions.ts';

/** Frames a client may send between two keepalive rounds. */
const MAX_FRAMES_PER_ROUND = 100;

/** Serves the socket that `c` asked for by `open`, which returns the way to stop; `receive` gets what the client says. */
export function serveSocket(
  c: Context,
  { clients }: Pick<HttpContext, 'clients'>,
  open: (socket: WebSocket) => () => void,
  receive: (text: string, socket: WebSocket) => void = () => {},
): WSEvents<WebSocketLike> {
  let stop = (): void => {};
  let frames = 0;
  const session = sessionNamedIn(c);
  return {
    onOpen(_event, { raw: socket }) {
      if (!(socket instanceof WebSocket)) throw new Error('the server was not started with ws');
      let hasAnswered = true;
      socket.on('pong', () => (hasAnswered = true));
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
      frames += 1;
      if (frames > MAX_FRAMES_PER_ROUND) socket?.close(1008, 'this socket only talks');
      else if (typeof data === 'string' && socket instanceof WebSocket) receive(data, socket);
    },
    onClose: () => stop(),
  };
}
