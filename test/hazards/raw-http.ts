/**
 * Bytes to a server as no client library would send them, and what comes back.
 */
import { connect } from 'node:net';

/** Far above any answer: a server that says nothing for so long hangs. */
const ANSWER_LIMIT_MS = 10_000;
const STATUS_LINE = /^HTTP\/1\.1 (\d{3}) /;

/**
 * Sends the bytes and nothing more. Resolves with the status of the first answer, or 0 when the
 * connection was closed without one. Rejects when neither comes.
 */
export function sendRaw(port: number, bytes: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let head = '';
    const settle = (status: number): void => {
      socket.destroy();
      resolve(status);
    };
    socket.setTimeout(ANSWER_LIMIT_MS, () => {
      socket.destroy();
      reject(new Error(`no answer to ${JSON.stringify(bytes.subarray(0, 2_000).toString())}`));
    });
    socket.on('data', (chunk: Buffer) => {
      head += chunk.toString('latin1');
      const status = STATUS_LINE.exec(head)?.[1];
      if (status !== undefined) settle(Number(status));
    });
    // Refused in the middle of what we send: the server does not owe us an answer.
    socket.on('error', () => settle(0));
    socket.on('close', () => settle(0));
    // Half closed: a request that promises more than it brings ends here, and must be noticed.
    socket.end(bytes);
  });
}
