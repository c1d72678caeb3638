/** Whatever a client sends: a clear refusal, never a 500, never a stack, and nothing starts. */
import { request } from 'node:http';
import { expect, test } from 'vitest';
import { orderOf } from './order-books.ts';
import { type Site, siteFor } from './site.ts';

const NO_SAGA = '00000000-0000-7000-8000-000000000000';
/** Far above any answer; a request that hangs is named. */
const ANSWER_LIMIT_MS = 5_000;
const JSON_TYPE = { 'content-type': 'application/json' };

interface Case {
  readonly what: string;
  readonly status: number;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

interface RawAnswer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

const order = (change: object): string => JSON.stringify({ ...orderOf(1), ...change });
const without = (field: string): string =>
  JSON.stringify(Object.fromEntries(Object.entries(orderOf(1)).filter(([key]) => key !== field)));

const FIELDS = Object.keys(orderOf(1));

const CASES: readonly Case[] = [
  { what: 'malformed JSON', body: '{"order_id": ', status: 400 },
  { what: 'no body', body: '', status: 400 },
  { what: 'JSON that is no object', body: '[1]', status: 400 },
  { what: 'null', body: 'null', status: 400 },
  { what: 'the same key twice', body: '{"order_id":"a","order_id":"b"}', status: 400 },
  { what: 'a prototype key', body: '{"__proto__":{"quantity":1}}', status: 400 },
  { what: 'bad UTF-8', body: Buffer.from(order({ order_id: '\u00ff' }), 'latin1'), status: 400 },
  ...FIELDS.map((field) => ({ what: `no ${field}`, body: without(field), status: 400 })),
  ...FIELDS.map((field) => ({
    what: `an object as ${field}`,
    body: order({ [field]: {} }),
    status: 400,
  })),
  { what: 'a quantity in words', body: order({ quantity: 'two' }), status: 400 },
  { what: 'half a piece', body: order({ quantity: 1.5 }), status: 400 },
  { what: 'a number as order_id', body: order({ order_id: 7 }), status: 400 },
  { what: 'a body over the limit', body: order({ note: 'x'.repeat(300_000) }), status: 413 },
  {
    what: 'another content type',
    body: order({}),
    headers: { 'content-type': 'text/plain' },
    status: 415,
  },
  { what: 'no content type', body: order({}), headers: {}, status: 415 },
  {
    what: 'nesting without end',
    body: `{"order_id":${'['.repeat(5_000)}${']'.repeat(5_000)}}`,
    status: 400,
  },
  { what: 'an unknown product', body: order({ product_id: 'unicorn' }), status: 422 },
  { what: 'an empty order_id', body: order({ order_id: '' }), status: 422 },
  { what: 'a blank order_id', body: order({ order_id: '   ' }), status: 422 },
  { what: 'an order_id too long', body: order({ order_id: 'x'.repeat(101) }), status: 422 },
  { what: 'no e-mail address', body: order({ customer_email: 'nobody' }), status: 422 },
  { what: 'another payment method', body: order({ payment_method: 'cash' }), status: 422 },
  ...[0, 1_001, -1].map((quantity) => ({
    what: `quantity ${quantity}`,
    body: order({ quantity }),
    status: 422,
  })),
  ...[0, '0', '0.00', '1000000.01', 1_000_000.01, '1e3', -1, '-1', '0.001', 0.001, '', '1,5'].map(
    (amount) => ({
      what: `amount ${JSON.stringify(amount)}`,
      body: order({ amount }),
      status: 422,
    }),
  ),
  { what: 'a bad wait', path: '/saga/execute?wait=soon', body: order({}), status: 400 },
  { what: 'an unknown saga type', path: '/api/sagas/holiday', body: '{"input":{}}', status: 404 },
  {
    what: 'two different keys',
    path: '/api/sagas/order',
    headers: { ...JSON_TYPE, 'idempotency-key': 'one' },
    body: '{"key":"two","input":{}}',
    status: 400,
  },
  { what: 'an unknown saga', method: 'GET', path: `/api/sagas/${NO_SAGA}`, status: 404 },
  {
    what: 'an unknown saga’s journal',
    method: 'GET',
    path: '/api/sagas/x/transitions',
    status: 404,
  },
  { what: 'an unknown order saga', method: 'GET', path: '/saga/status/x', status: 404 },
  { what: 'an id that climbs', method: 'GET', path: '/saga/status/..%2f..%2fetc', status: 404 },
  {
    what: 'a command to an unknown saga',
    path: `/api/sagas/${NO_SAGA}/commands`,
    body: '{"command":"retry"}',
    status: 404,
  },
  {
    what: 'an event to an unknown saga',
    path: `/api/sagas/${NO_SAGA}/events`,
    body: '{"type":"go"}',
    status: 404,
  },
  { what: 'an unknown route', method: 'GET', path: '/nothing/here', status: 404 },
  { what: 'the wrong method', method: 'GET', path: '/saga/execute', status: 405 },
  { what: 'a deletion of sagas', method: 'DELETE', path: '/api/sagas', status: 405 },
  { what: 'a limit of 0', method: 'GET', path: '/saga/all?limit=0', status: 400 },
  { what: 'a limit over the most', method: 'GET', path: '/saga/all?limit=201', status: 400 },
  { what: 'a cursor of nowhere', method: 'GET', path: '/api/sagas?cursor=%00%27', status: 400 },
  { what: 'an unknown status', method: 'GET', path: '/api/sagas?status=happy', status: 400 },
  {
    what: 'a fault of an unknown activity',
    method: 'PUT',
    path: '/api/faults/bribeCustoms',
    body: '{"failNext":1}',
    status: 404,
  },
  {
    what: 'a failure rate of 2',
    method: 'PUT',
    path: '/api/faults/processPayment',
    body: '{"failureRate":2}',
    status: 422,
  },
  {
    what: 'a foreign host',
    headers: { ...JSON_TYPE, host: 'evil.example' },
    body: order({}),
    status: 421,
  },
  {
    what: 'a foreign origin',
    headers: { ...JSON_TYPE, origin: 'https://evil.example' },
    body: order({}),
    status: 403,
  },
  {
    what: 'a cross-site fetch',
    headers: { ...JSON_TYPE, 'sec-fetch-site': 'cross-site' },
    body: order({}),
    status: 403,
  },
  {
    what: 'a crash that another site asks for',
    path: '/api/faults/crash',
    headers: { origin: 'https://evil.example' },
    body: '',
    status: 403,
  },
];

test('every bad request is refused with its status and starts nothing', async ({
  onTestFinished,
}) => {
  const site = await siteFor(onTestFinished);
  const launcher = await site.launch();
  const answers = [];
  for (const one of CASES) {
    const { status, type, text } = await send(site, one);
    answers.push({ what: one.what, status, type, isTidy: isTidy(text, status) });
  }
  expect(answers).toEqual(
    CASES.map(({ what, status }) => ({
      what,
      status,
      type: 'application/problem+json',
      isTidy: true,
    })),
  );
  expect(await site.get('/saga/stats')).toMatchObject({ total: 0 });
  expect(await site.get('/api/faults')).toMatchObject({ items: [] });
  // Nothing of it was the server's fault, so its log holds no error and it is still the same.
  expect(launcher.err.filter((line) => /"level":(50|60)/.test(line))).toEqual([]);
  expect(launcher.out).toHaveLength(1);
});

test('a command to a saga that has ended is refused with the legal ones', async ({
  onTestFinished,
}) => {
  const site = await siteFor(onTestFinished);
  await site.launch();
  const { body } = await site.order(orderOf(1), '60s');
  const path = `/api/sagas/${body.saga_id}`;
  const { length } = await site.journal(body.saga_id);
  for (const command of ['retry', 'cancel', 'terminate', 'dance']) {
    expect(await site.call('POST', `${path}/commands`, { command })).toMatchObject({
      status: 409,
      body: { code: 'not-legal', legal: [] },
    });
  }
  expect(await site.call('POST', `${path}/events`, { type: 'go' })).toMatchObject({ status: 409 });
  expect(await site.journal(body.saga_id)).toHaveLength(length);
});

test('a command for another version of the saga is refused', async ({ onTestFinished }) => {
  const site = await siteFor(onTestFinished);
  await site.launch();
  await site.fault('processPayment', { latencyMs: 60_000 });
  const { body } = await site.order(orderOf(1));
  const id = body.saga_id;
  await site.seen(({ saga, to }) => saga === id && to === 'forward.processPayment.running');
  const path = `/api/sagas/${id}/commands`;
  const cancel = { command: 'cancel', reason: 'changed my mind' };
  const stale = await site.call('POST', path, { ...cancel, expectedVersion: 1 });
  expect(stale).toMatchObject({ status: 409, body: { code: 'conflict' } });
  const { seq } = await site.get<{ seq: number }>(`/api/sagas/${id}`);
  expect((await site.call('POST', path, { ...cancel, expectedVersion: seq })).status).toBe(202);
  expect((await site.order(orderOf(1), '60s')).body.status).toBe('compensated');
});

/** Problem answers are small objects that say their own status, and no file of ours. */
function isTidy(text: string, status: number): boolean {
  const problem = JSON.parse(text) as { status?: unknown; code?: unknown; detail?: unknown };
  const isComplete = typeof problem.code === 'string' && typeof problem.detail === 'string';
  return isComplete && problem.status === status && !/\bat .*:\d+|node_modules|\.ts\b/.test(text);
}

/** By hand, because `fetch` does not let anybody lie about the host. */
function send(site: Site, one: Case): Promise<RawAnswer> {
  const { method = 'POST', path = '/saga/execute', body = '' } = one;
  const headers = { ...(one.headers ?? JSON_TYPE), 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const sent = request(`${site.url}${path}`, { method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        const type = response.headers['content-type'] ?? '';
        resolve({ status: response.statusCode ?? 0, type, text });
      });
    });
    sent.setTimeout(ANSWER_LIMIT_MS, () => sent.destroy(new Error(`no answer to ${one.what}`)));
    sent.on('error', reject);
    sent.end(body);
  });
}
