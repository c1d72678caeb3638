/** What is made of answers at the admin port that Restate would not give. */
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { Admin } from '../../src/restate/face/admin.ts';

/** Longest that an answer is waited for. */
const PATIENCE_MS = 600;

/** Gives the answers one after the other, the last of them again and again. */
async function answering(...answers: readonly (readonly [number, string])[]): Promise<Admin> {
  let count = 0;
  const server = createServer((_, response) => {
    const [status = 500, text = ''] = answers[Math.min(count, answers.length - 1)] ?? [];
    count += 1;
    response.writeHead(status).end(text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return new Admin(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, PATIENCE_MS);
}

it.each([
  ['JSON of another shape', 200, '{"hello":"world"}'],
  ['a page', 200, '<html>'],
  ['an error', 500, 'on fire'],
])('%s is told as an admin port that does not answer, with its address', async (_, ...answer) => {
  const admin = await answering(answer);
  const told = {
    code: 'unavailable',
    message: expect.stringMatching(/admin port at http:\/\/127/) as unknown,
  };
  await expect(admin.query('SELECT 1')).rejects.toMatchObject(told);
  await expect(admin.register('http://127.0.0.1:1')).rejects.toMatchObject(told);
  await expect(admin.deployments()).rejects.toMatchObject(told);
});

it.each([
  [
    'where nothing listens',
    `{"message":"[META0003] [META0003] error when calling 'http://127.0.0.1:1/': h2 pool connection error: Connection refused (os error 111)","restate_code":"META0003"}`,
    'Restate cannot reach http://127.0.0.1:1/: h2 pool connection error: Connection refused (os error 111) (META0003)',
  ],
  [
    'where HTTP/1.1 is spoken, without the advice to let it',
    `{"message":"[META0014] [META0014] error when calling 'http://127.0.0.1:1/': server possibly supports only HTTP1.1, consider discovery with --use-http1.1.","restate_code":"META0014"}`,
    'Restate cannot reach http://127.0.0.1:1/: no HTTP/2 is spoken there, as workers and the face do and balancers before them must (META0014)',
  ],
  [
    'for another reason',
    '{"message":"[META0016] no such thing","restate_code":"META0016"}',
    'Restate refuses: no such thing (META0016)',
  ],
])('an address that Restate refuses is told in one sentence: %s', async (_, text, message) => {
  const admin = await answering([500, text]);
  const refused = { code: 'unavailable', message };
  await expect(admin.register('http://127.0.0.1:1')).rejects.toMatchObject(refused);
});

it('is asked again for what is only looked at, where a node of a cluster is away for a moment', async () => {
  const failing = [500, '{"message":"External error: connect throttled; 44ms left"}'] as const;
  const rows = await answering(failing, [200, '{"rows":[{"calls":1}]}']);
  await expect(rows.query('SELECT 1')).resolves.toEqual([{ calls: 1 }]);
  const none = await answering(failing, [200, '{"deployments":[]}']);
  await expect(none.deployments()).resolves.toEqual([]);
  // What may have been done is not done again.
  const registering = await answering(failing, [200, '{"id":"dp_1","services":[]}']);
  await expect(registering.register('http://127.0.0.1:1')).rejects.toThrow('connect throttled');
});
