/** What is kept of a thrown value for whoever looks into it: its code, and what it says. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { PermanentError, toFailure } from '../../src/core/failure.ts';

const refused = () =>
  new AggregateError([new Error('connect ECONNREFUSED ::1:1'), new Error('connect ECONNREFUSED')]);

test.each([
  ['its cause', new Error('outer', { cause: new Error('inner') }), 'outer: inner'],
  ['a cause that is a text', new PermanentError('no', 'outer', { cause: 'why' }), 'outer: why'],
  [
    'a cause that it says itself',
    new Error('it broke: x', { cause: new Error('x') }),
    'it broke: x',
  ],
  ['no cause of another kind', new Error('outer', { cause: 42 }), 'outer'],
  [
    'several errors',
    new AggregateError([new Error('one'), new Error('two')], 'all'),
    'all: one; two',
  ],
  [
    'errors behind a cause',
    new Error('fetch failed', { cause: refused() }),
    'fetch failed: connect ECONNREFUSED ::1:1; connect ECONNREFUSED',
  ],
  ['several without words of its own', new AggregateError([new Error('a')]), 'a'],
  ['nothing', new AggregateError([]), 'an object without a message was thrown'],
])('the message of an error has %s', (_, thrown, message) => {
  expect(toFailure(thrown).message).toBe(message);
});

test('causes that lead back to an error end, and one that cannot be read is left out', () => {
  const round = new Error('round');
  round.cause = new Error('and', { cause: round });
  expect(toFailure(round).message).toBe('round: and: round: and');
  const hostile = new Error('hostile');
  Object.defineProperty(hostile, 'cause', {
    get() {
      throw new Error('no');
    },
  });
  expect(toFailure(hostile).message).toBe('hostile');
});

test('a call that nobody takes says where it went', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  const thrown: unknown = await fetch(`http://127.0.0.1:${port}/`).catch((error: unknown) => error);
  expect(toFailure(thrown).message).toBe(`fetch failed: connect ECONNREFUSED 127.0.0.1:${port}`);
});
