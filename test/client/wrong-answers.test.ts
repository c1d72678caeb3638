/** What a client says of an answer that is no server's, and of what cannot be meant. */
import { describe, expect, it, onTestFinished, test, vi } from 'vitest';
import { type BackstepClient, ClientError, createClient } from '../../src/client.ts';

const URL_OF_ALL = 'http://shop.example/ops';

/** A client of what answers everything so, and how often that was asked. */
function answeredBy(answer: () => Response): { client: BackstepClient; asked: () => number } {
  let asked = 0;
  const client = createClient({
    url: URL_OF_ALL,
    retry: { attempts: 2, firstDelay: 0 },
    fetch: async () => {
      asked += 1;
      return answer();
    },
  });
  return { client, asked: () => asked };
}

const page = (status: number) => (): Response =>
  new Response('<html>', { status, headers: { 'content-type': 'text/html' } });

async function thrownBy(work: () => unknown): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  return null;
}

describe('an answer of something else', () => {
  it.each([
    ['a page', page(200), 'answered what is no JSON', 1],
    ['a page of an error', page(500), 'answered 500 without a reason', 1],
    ['a proxy whose server is away', page(502), 'what stands before the server', 2],
  ] as const)('%s is named as what it is', async (_, answer, says, times) => {
    const { client, asked } = answeredBy(answer);
    expect(await thrownBy(() => client.stats())).toMatchObject({
      code: 'answer-unreadable',
      message: expect.stringContaining(says) as unknown,
    });
    expect(asked()).toBe(times);
  });

  it('is no feed: it is not followed', async () => {
    const { client, asked } = answeredBy(page(200));
    expect(await thrownBy(() => client.follow().next())).toMatchObject({
      code: 'answer-unreadable',
      message: `${URL_OF_ALL} answered what is no feed; is it the address of a Backstep server?`,
    });
    expect(asked()).toBe(1);
  });

  it('of a server at another prefix, says where it was looked for', async () => {
    const problem = { code: 'route-unknown', detail: 'There is nothing at this address.' };
    const { client } = answeredBy(() => Response.json(problem, { status: 404 }));
    expect(await thrownBy(() => client.stats())).toMatchObject({
      code: 'route-unknown',
      message: `${URL_OF_ALL} has no /api/stats; does its URL lack the prefix of the server?`,
    });
  });
});

test('a feed that is cut off is told as a connection that was lost', async () => {
  let isFirst = true;
  const client = createClient({
    url: URL_OF_ALL,
    retry: { firstDelay: 0 },
    fetch: async () => {
      const body = new ReadableStream({
        start(controller) {
          if (isFirst) controller.error(new TypeError('terminated'));
          isFirst = false;
        },
      });
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
    },
  });
  const over = new AbortController();
  const told = Promise.withResolvers<unknown>();
  const feed = client.follow({ signal: over.signal, onReconnect: told.resolve });
  const heard = feed.next();
  expect(await told.promise).toBeInstanceOf(ClientError);
  expect(await told.promise).toMatchObject({
    code: 'unreachable',
    message: 'the connection to the server was lost',
  });
  over.abort();
  expect(await heard).toMatchObject({ done: true });
});

describe('what cannot be meant is refused before anything is sent, as everything is:', () => {
  const { client, asked } = answeredBy(page(200));
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  const soon = 'soon' as '1s';
  it.each([
    ['a wait', () => client.saga('x').settled({ within: soon })],
    ['a pause between tries', () => createClient({ url: URL_OF_ALL, retry: { maxDelay: soon } })],
    ['a time-out', () => createClient({ url: URL_OF_ALL, timeout: soon })],
    ['a time', () => client.spawn('trip', { input: {}, startAt: new Date(NaN) })],
    ['an input with a circle', () => client.spawn('trip', { input: circle })],
    ['an input of no JSON', () => client.spawn('trip', { input: { many: 1n } })],
  ])('%s', async (_, work) => {
    const error = await thrownBy(work);
    expect(error).toBeInstanceOf(ClientError);
    expect(error).toMatchObject({ code: 'input-invalid', status: null });
    expect(asked()).toBe(0);
  });
});

test('a wait beyond what a timer can is not over at once', async () => {
  const timers = vi.spyOn(globalThis, 'setTimeout');
  onTestFinished(() => timers.mockRestore());
  const { client } = answeredBy(() => Response.json({ sagas: {} }));
  await createClient({
    url: URL_OF_ALL,
    timeout: '30d',
    fetch: async () => new Response('{}'),
  }).stats();
  await thrownBy(() => client.saga('x').settled({ within: '30d' }));
  const waits = timers.mock.calls.map(([, ms]) => Number(ms));
  // One that is longer is over after a millisecond.
  expect(waits.filter((ms) => ms === 2 ** 31 - 1).length).toBeGreaterThan(1);
  expect(Math.max(...waits)).toBe(2 ** 31 - 1);
});

it('a feed ends at once where whoever hears that it was lost ends it', async () => {
  const over = new AbortController();
  const client = createClient({
    url: URL_OF_ALL,
    retry: { firstDelay: '1h', maxDelay: '1h' },
    fetch: async () =>
      new Response('data: {"kind":"transition","cursor":"1"}\n\n', {
        headers: { 'content-type': 'text/event-stream' },
      }),
  });
  const heard: unknown[] = [];
  const feed = client.follow({ signal: over.signal, onReconnect: () => over.abort() });
  for await (const message of feed) heard.push(message);
  expect(heard).toHaveLength(1);
});
