/** Stands between a client and a server and loses answers: the request arrives, nothing comes back. */
import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface LossyProxy {
  readonly url: string;
  /** Answers of so many connections to come are lost: the connection ends once one has begun. */
  loseNext(answers: number): void;
}

/** A proxy before the server on a port of this machine; gone when the test ends. */
export async function lossyProxy(port: number): Promise<LossyProxy> {
  const sockets = new Set<Socket>();
  let toLose = 0;
  const proxy = createServer((client) => {
    const server = createConnection(port, '127.0.0.1');
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on('error', () => {}); // the other end is told by the close
      socket.on('close', () => {
        client.destroy();
        server.destroy();
      });
    }
    client.pipe(server);
    server.on('data', (chunk) => {
      if (toLose === 0) return client.write(chunk);
      toLose -= 1;
      return client.destroy();
    });
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => {
    proxy.close();
    for (const socket of sockets) socket.destroy();
  });
  const { port: own } = proxy.address() as AddressInfo;
  return { url: `http://127.0.0.1:${own}`, loseNext: (answers) => void (toLose = answers) };
}
