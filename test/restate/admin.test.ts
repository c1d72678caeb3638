/** What is made of answers at the admin port that Restate would not give. */
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { Admin } from '../../src/restate/face/admin.ts';

async function answering(status: number, text: string): Promise<Admin> {
  const server = createServer((_, response) => response.writeHead(status).end(text));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return new Admin(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
}

it.each([
  ['JSON of another shape', 200, '{"hello":"world"}'],
  ['a page', 200, '<html>'],
  ['an error', 500, 'on fire'],
])('%s is told as an admin port that does not answer, with its address', async (_, ...answer) => {
  const admin = await answering(...answer);
  const told = {
    code: 'unavailable',
    message: expect.stringMatching(/admin port at http:\/\/127/) as unknown,
  };
  await expect(admin.query('SELECT 1')).rejects.toMatchObject(told);
  await expect(admin.register('http://127.0.0.1:1')).rejects.toMatchObject(told);
  await expect(admin.deployments()).rejects.toMatchObject(told);
});
