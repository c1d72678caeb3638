import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_BODY_BYTES, readForm, readJsonObject } from '../../src/server/body.ts';
import { bodyOf, openFixture, problemIn, type HttpFixture } from './http-fixture.ts';

let http: HttpFixture;
beforeAll(async () => void (http = await openFixture()));
afterAll(() => http.dispose());

const ROUTES = ['/api/sagas/order', '/api/sagas/x/events', '/api/sagas/x/commands'];

describe.each(ROUTES)('a body for %s', (route) => {
  it.each([
    ['is cut short', '{"order_id":"a"'],
    ['is empty', ''],
    ['is an array', '[]'],
    ['is a number', '7'],
    ['is null', 'null'],
    ['has a comma too many', '{"order_id":"a",}'],
    ['has a key without quotes', '{order_id:"a"}'],
    ['has a key twice', '{"order_id":"a","order_id":"b"}'],
    ['has a key twice, spelled in two ways', '{"order_id":"a","order\\u005fid":"b"}'],
    ['has a key twice deep inside', '{"a":[{"b":{"c":1,"d":2,"c":3}}]}'],
    ['reaches for the prototype', '{"__proto__":{"isAdmin":true}}'],
    ['reaches for the constructor', '{"a":{"constructor":{}}}'],
    ['reaches for a prototype', '{"a":[{"prototype":1}]}'],
    ['reaches for the prototype in escapes', '{"\\u005f_proto__":{}}'],
    ['is nested 65 levels deep', `{"a":${'['.repeat(64)}${']'.repeat(64)}}`],
    ['is nested 100,000 levels deep', `{"a":${'['.repeat(100_000)}`],
    ['has 10,001 keys', `{${keys(10_001)}}`],
    ['has a string without end', '{"order_id":"a'],
  ])('is refused with 400 when it %s', async (_, text) => {
    const response = await http.send('POST', route, text);
    expect(await problemIn(response)).toEqual([400, 'body-malformed']);
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
    'application/jsonx',
  ])('is refused with 415 as %s', async (type) => {
    const init = { method: 'POST', body: '{}', headers: { 'content-type': type } };
    const response = await http.app.request(route, init);
    expect(await problemIn(response)).toEqual([415, 'media-type-unsupported']);
  });

  it('is refused with 415 without a type, in another charset, or compressed', async () => {
    for (const headers of [
      {},
      { 'content-type': 'application/json; charset=utf-16' },
      { 'content-type': 'application/json', 'content-encoding': 'gzip' },
    ]) {
      const init = { method: 'POST', body: new Uint8Array([123, 125]), headers };
      const response = await http.app.request(route, init);
      expect(response.status).toBe(415);
    }
  });

  it('is refused with 413 when it is too large', async () => {
    const response = await http.send('POST', route, `{"a":"${'x'.repeat(MAX_BODY_BYTES)}"}`);
    expect(await problemIn(response)).toEqual([413, 'body-too-large']);
  });
});

describe('a body that comes in pieces without a length', () => {
  it('is refused as soon as it passes the limit, however long it would go on', async () => {
    let pieces = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        pieces += 1;
        controller.enqueue(new Uint8Array(64 * 1024).fill(32));
      },
    });
    await expect(readJsonObject(jsonOf(endless))).rejects.toMatchObject({ code: 'body-too-large' });
    expect(pieces).toBeLessThan(10);
  });

  it('is read when it stays within the limit', async () => {
    const parts = ['{"a":', '"\u00e9', '"}'].map((part) => new TextEncoder().encode(part));
    const body = ReadableStream.from(parts);
    expect(await readJsonObject(jsonOf(body))).toEqual({ a: 'é' });
  });

  it('is refused, as no fault of ours, when it breaks off', async () => {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode('{"a":')),
      pull: (controller) => controller.error(new Error('aborted')),
    });
    await expect(readJsonObject(jsonOf(body))).rejects.toMatchObject({ code: 'body-malformed' });
  });

  it('is refused when it is not UTF-8', async () => {
    const body = ReadableStream.from([new Uint8Array([123, 34, 0xff, 34, 58, 49, 125])]);
    await expect(readJsonObject(jsonOf(body))).rejects.toMatchObject({ code: 'body-malformed' });
  });
});

describe('a body within the limits', () => {
  it.each([
    ['64 levels', `{"a":${'['.repeat(63)}${']'.repeat(63)}}`],
    ['10,000 keys', `{${keys(10_000)}}`],
    ['the same key in two objects', '{"a":{"x":1},"b":{"x":2},"x":[{"x":3}]}'],
    ['brackets and quotes inside of strings', '{"a":"[[{\\"}]","b\\"":"\\\\"}'],
    ['blanks everywhere', ' {\n"a" :\t1 , "b" : [ ] }\r\n'],
  ])('is read with %s', async (_, text) => {
    expect(await readJsonObject(jsonOf(text))).toEqual(JSON.parse(text));
  });
});

describe('a form', () => {
  it('is read field by field', async () => {
    const form = await readForm(formOf('a=1&b=x%20y'));
    expect([...form]).toEqual([
      ['a', '1'],
      ['b', 'x y'],
    ]);
  });

  it('is refused when a field stands twice or there are too many', async () => {
    await expect(readForm(formOf('a=1&a=2'))).rejects.toMatchObject({ code: 'body-malformed' });
    const many = Array.from({ length: 101 }, (_, index) => `f${index}=1`).join('&');
    await expect(readForm(formOf(many))).rejects.toMatchObject({ code: 'body-malformed' });
  });
});

describe('a member of the wrong type', () => {
  it.each([
    ['/api/sagas/order', { input: { orderId: {}, quantity: 1 } }, 'orderId'],
    ['/api/sagas/order', { input: { orderId: 'a' } }, 'quantity'],
    ['/api/sagas/order', { input: {}, key: 7 }, 'key'],
    ['/api/sagas/x/events', { type: 7 }, 'type'],
    ['/api/sagas/x/commands', { command: ['cancel'] }, 'command'],
    ['/api/sagas/x/commands', { command: 'cancel', expectedVersion: '3' }, 'expectedVersion'],
  ])('is refused with 400 by %s: %j', async (route, body, path) => {
    const response = await http.send('POST', route, body);
    expect(response.status).toBe(400);
    const { code, issues } = await bodyOf(response);
    expect(code).toBe('input-invalid');
    expect(issues).toContainEqual(expect.objectContaining({ path }));
  });

  it('is told apart from a value out of range, which is 422', async () => {
    for (const quantity of [0, -1, 1_001]) {
      const response = await http.send('POST', '/api/sagas/order', {
        input: { orderId: 'a', quantity },
      });
      expect(await problemIn(response)).toEqual([422, 'input-invalid']);
    }
  });
});

function keys(count: number): string {
  return Array.from({ length: count }, (_, index) => `"k${index}":0`).join(',');
}

function jsonOf(body: string | ReadableStream<Uint8Array>): Request {
  const headers = { 'content-type': 'application/json; charset=UTF-8' };
  return new Request('http://localhost/', { method: 'POST', body, headers, duplex: 'half' });
}

function formOf(body: string): Request {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return new Request('http://localhost/', { method: 'POST', body, headers });
}
