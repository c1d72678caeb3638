/** A WebSocket client for tests that remembers what it got, and waits for signals, not for time. */
import { once } from 'node:events';
import { WebSocket } from 'ws';

export interface LiveSocket {
  readonly socket: WebSocket;
  /** Every message so far, as text. */
  readonly texts: readonly string[];
  /** Resolves once the predicate holds for what was received. */
  until(predicate: (texts: readonly string[]) => boolean): Promise<void>;
  /** The close code, once closed. */
  readonly closed: Promise<number>;
}

/** Opens a socket. Rejects with the status as text when the upgrade is refused. */
export async function openSocket(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<LiveSocket> {
  const socket = new WebSocket(url, { headers });
  const texts: string[] = [];
  const watchers = new Set<() => void>();
  socket.on('message', (data) => {
    texts.push(textOf(data));
    for (const watcher of watchers) watcher();
  });
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  const refused = new Promise<never>((_, reject) => {
    socket.on('unexpected-response', (_request, response) => {
      reject(new Error(String(response.statusCode)));
      response.destroy();
    });
  });
  await Promise.race([once(socket, 'open'), refused]);
  return {
    socket,
    texts,
    closed,
    until: (predicate) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (!predicate(texts)) return;
          watchers.delete(check);
          resolve();
        };
        watchers.add(check);
        check();
      }),
  };
}

function textOf(data: WebSocket.RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8');
  return data instanceof ArrayBuffer ? Buffer.from(data).toString('utf8') : data.toString('utf8');
}
