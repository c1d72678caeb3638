/**
 * Generated requests that are wrong in every way we know: methods, targets, headers, framing,
 * bodies. Arbitraries of fast-check, so that one seed gives the same requests and shrinks them.
 */
import fc from 'fast-check';
import { orderOf } from '../e2e/order-books.ts';

/** Text that something between us and the database may take for more than text. */
const NASTY_TEXTS: readonly string[] = [
  '',
  ' ',
  '\u0000',
  '%00',
  '..',
  '../../../../etc/passwd',
  '..%2f..%2fpackage.json',
  '%2e%2e%2f',
  '\\..\\..',
  '//evil.example',
  "'; DROP TABLE sagas; --",
  "' OR '1'='1",
  '" UNION SELECT * FROM engine --',
  '<script>alert(1)</script>',
  '{{7*7}}',
  '${7*7}',
  '\r\nX-Injected: yes',
  '%0d%0aSet-Cookie:%20a=b',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'null',
  'undefined',
  'NaN',
  '-1',
  '0',
  '1e999',
  '9007199254740993',
  '999999999999999999999999',
  '0x10',
  '%',
  '%f',
  '%ff%fe',
  '\ud800',
  '\u202e\u0000\uffff',
  '🦄'.repeat(50),
  'x'.repeat(5_000),
  '*',
  '/',
  '?',
  '#',
  '&a=b',
  'order',
  '00000000-0000-7000-8000-000000000000',
];

/** What is sent, before it becomes bytes. */
export interface OddRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly framing: 'length' | 'too-long' | 'too-short' | 'chunked' | 'broken-chunks' | 'none';
  readonly body: string;
}

const FRAMINGS = ['length', 'too-long', 'too-short', 'chunked', 'broken-chunks', 'none'] as const;
const nasty = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...NASTY_TEXTS) },
  { weight: 1, arbitrary: fc.string({ maxLength: 40 }) },
);

const methods = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('HEAD', 'OPTIONS', 'PATCH', 'TRACE', 'CONNECT', 'get', 'BREW', ''),
  },
);

const PARAMETERS = (
  'limit cursor status type step q attempts> olderThan wait since saga seq id view group ' +
  'error sort page __proto__'
).split(' ');
const query = fc.array(fc.tuple(fc.constantFrom(...PARAMETERS), nasty), { maxLength: 3 });

const HEADERS = (
  'content-type accept origin sec-fetch-site idempotency-key if-none-match authorization ' +
  'cookie upgrade connection sec-websocket-key hx-request transfer-encoding content-length ' +
  'expect x-forwarded-for range host te sec-websocket-version last-event-id content- ' +
  'encoding accept-encoding x'
).split(' ');
const VALUES = (
  'application/json application/x-www-form-urlencoded text/html text/event-stream websocket ' +
  'upgrade gzip chunked 100-continue null same-origin bytes=0-'
).split(' ');
const headers = fc.array(
  fc.tuple(fc.constantFrom(...HEADERS), fc.oneof(fc.constantFrom(...VALUES), nasty)),
  { maxLength: 4 },
);

const deep = fc.integer({ min: 60, max: 20_000 }).map((depth) => '['.repeat(depth));
const orders = fc
  .record({ field: fc.constantFrom(...Object.keys(orderOf(1))), value: fc.jsonValue() })
  .map(({ field, value }) => JSON.stringify({ ...orderOf(1), [field]: value }));
const commands = fc
  .record({
    command: nasty,
    step: nasty,
    reason: nasty,
    expectedVersion: fc.jsonValue(),
    input: fc.jsonValue(),
    key: fc.jsonValue(),
    type: fc.jsonValue(),
    failNext: fc.jsonValue(),
    mode: nasty,
    latencyMs: fc.jsonValue(),
  })
  .map((body) => JSON.stringify(body));
const forms = fc
  .array(
    fc.tuple(
      fc.constantFrom('quantity', 'product_id', 'preset', 'activity', 'reason', 'context'),
      nasty,
    ),
    { maxLength: 4 },
  )
  .map((pairs) => pairs.map(([name, value]) => `${name}=${encoded(value)}`).join('&'));
const bodies = fc.oneof(
  orders,
  commands,
  forms,
  fc.json(),
  deep,
  nasty,
  fc.constantFrom('{"a":1,"a":2}', '{"__proto__":{"x":1}}', '{"input":{"__proto__":null}}', '{'),
);

/** Requests to routes such as `/api/sagas/:id`, and to places where there is none. */
export function oddRequests(routes: readonly string[]): fc.Arbitrary<OddRequest> {
  const path = fc
    .tuple(fc.oneof(fc.constantFrom(...routes), fc.webPath()), fc.array(nasty, { maxLength: 3 }))
    .map(([route, texts]) =>
      texts.reduce((whole, text) => whole.replace(/:[a-z]+/, encoded(text)), route),
    );
  const isRaw = fc.integer({ min: 0, max: 19 }).map((one) => one === 0);
  const target = fc
    .tuple(path, query, isRaw)
    .map(([place, pairs, raw]) =>
      pairs.length === 0
        ? place
        : `${place}?${pairs
            .map(([name, value]) => `${name}=${raw ? value : encoded(value)}`)
            .join('&')}`,
    );
  return (
    fc
      .record({
        method: methods,
        target,
        headers,
        framing: fc.constantFrom(...FRAMINGS),
        body: bodies,
      })
      // The one switch that is meant to end the server.
      .filter((request) => !/crash/i.test(decodedOf(request.target)))
  );
}

/** The bytes of a request, mistakes included. */
export function bytesOf(request: OddRequest): Buffer {
  const { method, target, framing, body } = request;
  const lines = [`${method} ${target} HTTP/1.1`, 'host: localhost', 'connection: close'];
  const hasType = request.headers.some(([name]) => name === 'content-type');
  if (!hasType) {
    const isForm = /^\w+=/.test(body);
    lines.push(`content-type: application/${isForm ? 'x-www-form-urlencoded' : 'json'}`);
  }
  for (const [name, value] of request.headers) lines.push(`${name}: ${value}`);
  return Buffer.from(`${lines.join('\r\n')}\r\n${framed(framing, body)}`);
}

function framed(framing: OddRequest['framing'], body: string): string {
  const length = Buffer.byteLength(body);
  const size = length.toString(16);
  switch (framing) {
    case 'length':
      return `content-length: ${length}\r\n\r\n${body}`;
    case 'too-long':
      return `content-length: ${length + 10}\r\n\r\n${body}`;
    case 'too-short':
      return `content-length: ${Math.max(0, length - 1)}\r\n\r\n${body}`;
    case 'chunked':
      return `transfer-encoding: chunked\r\n\r\n${size}\r\n${body}\r\n0\r\n\r\n`;
    case 'broken-chunks':
      return `transfer-encoding: chunked\r\n\r\nzz\r\n${body}`;
    case 'none':
      return `\r\n${body}`;
  }
}

/** Percent-encoded where that is possible; half of a surrogate pair is not. */
function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

function decodedOf(target: string): string {
  try {
    return decodeURIComponent(target);
  } catch {
    return target;
  }
}
