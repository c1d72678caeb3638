/**
 * The smallest SMTP server that takes a mail, for one test.
 */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';

export interface SmtpServer {
  readonly url: string;
  /** The mails as they came, headers included. */
  readonly messages: readonly string[];
}

export async function startSmtpServer(): Promise<SmtpServer> {
  const messages: string[] = [];
  const server = createServer((socket) => serve(socket, messages));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { url: `smtp://127.0.0.1:${address.port}`, messages };
}

function serve(socket: Socket, messages: string[]): void {
  let message: string[] | null = null;
  const say = (line: string) => socket.write(`${line}\r\n`);
  say('220 test');
  createInterface({ input: socket }).on('line', (line) => {
    if (message !== null && line !== '.') {
      message.push(line);
    } else if (message !== null) {
      messages.push(message.join('\n'));
      message = null;
      say('250 taken');
    } else if (line === 'DATA') {
      message = [];
      say('354 go on');
    } else if (line === 'QUIT') {
      socket.end('221 bye\r\n');
    } else {
      say('250 fine');
    }
  });
}
