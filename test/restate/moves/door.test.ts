/** How a process lets go of a move, whatever became of its work. */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { expect, it, onTestFinished } from 'vitest';
import { throughDoor } from '../../../src/restate/face/moves/door.ts';
import { SERVICES } from '../../../src/restate/names.ts';

/** As much of Restate's two ports as a move asks for, with the ticket that it keeps. */
class Ports {
  ticket: string | null = null;
  isAway = false;
  readonly #server = createServer((request, response) => {
    if (this.isAway) return void request.socket.destroy();
    void this.#answer(request).then((answer) => response.end(JSON.stringify(answer)));
  });

  async open(): Promise<{ readonly ingress: string; readonly admin: string }> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    onTestFinished(() => void this.#server.close());
    const url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return { ingress: url, admin: url };
  }

  async #answer(request: IncomingMessage): Promise<unknown> {
    const { url = '' } = request;
    if (url === '/deployments') {
      const services = [SERVICES.move, SERVICES.journal].map((name) => ({ name, revision: 1 }));
      return { deployments: [{ id: 'dp_1', uri: 'http://127.0.0.1:1', services }] };
    }
    const words = (await json(request)) as {
      readonly new_state?: { readonly ticket?: readonly number[] };
      readonly ticket?: string;
    };
    if (url === '/query') return { rows: this.ticket === null ? [] : [{ ticket: this.ticket }] };
    if (words.new_state !== undefined) {
      const { ticket } = words.new_state;
      this.ticket = ticket === undefined ? null : Buffer.from(ticket).toString();
      return null;
    }
    if (JSON.stringify(words.ticket) === this.ticket) return null;
    return { refused: { code: 'unavailable', message: 'another process has it in hand' } };
  }
}

it('what the work failed with is told, though Restate is away by then', async () => {
  const ports = new Ports();
  const at = await ports.open();
  const failed = throughDoor(at, 'm', async () => {
    ports.isAway = true;
    throw new Error('the disk is full');
  });
  await expect(failed).rejects.toThrow('the disk is full');
});

it('work that is done is done, though Restate is away by then', async () => {
  const ports = new Ports();
  const at = await ports.open();
  const done = throughDoor(at, 'm', async () => {
    ports.isAway = true;
    return 'done';
  });
  expect(await done).toBe('done');
});

it('the ticket is gone afterwards, but for that of a process that came later', async () => {
  const ports = new Ports();
  const at = await ports.open();
  await throughDoor(at, 'm', async () => {});
  expect(ports.ticket).toBeNull();
  let later = null;
  await throughDoor(at, 'm', async () => {
    // As another process does that takes the move over.
    later = ports.ticket = '"of another"';
  });
  expect(ports.ticket).toBe(later);
});

it('a password in an address is refused, and not told', async () => {
  const at = { ingress: 'http://ada:secret@restate:8080', admin: 'http://127.0.0.1:9070' };
  const refused = await throughDoor(at, 'm', async () => {}).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: 'input-invalid' });
  expect(String(refused)).not.toContain('secret');
});

it.each(['localhost:8080', 'ftp://restate', 'nowhere'])(
  '%s is told at once to be no address of Restate',
  async (url) => {
    const at = { ingress: url, admin: 'http://127.0.0.1:9070' };
    await expect(throughDoor(at, 'm', async () => {})).rejects.toMatchObject({
      code: 'input-invalid',
      message: `"${url}" is no URL, such as http://10.0.0.7:8080`,
    });
  },
);
