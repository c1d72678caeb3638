import { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../../src/server/app.ts';
import type { HttpEnv } from '../../../src/server/http-env.ts';
import type { Backstep } from '../../../src/host/backstep.ts';
import { bodyOf, openFixture, problemIn, type HttpFixture } from '../http-fixture.ts';

let http: HttpFixture;
beforeAll(async () => void (http = await openFixture()));
afterAll(() => http.dispose());

describe('routes that are not there', () => {
  it.each([
    '/nope',
    '/api',
    '/api/nope',
    '/sagas/nope/nope',
    '/assets/',
    '/assets/../package.json',
    '/ws',
  ])('are 404: %s', async (path) => {
    expect(await problemIn(await http.send('GET', path))).toEqual([404, 'route-unknown']);
  });

  it.each([
    ['GET', '/api/retention/resume', 'POST'],
    ['DELETE', '/api/definitions', 'GET, HEAD'],
    ['PUT', '/api/sagas/x', 'POST, GET, HEAD'],
    ['POST', '/metrics', 'GET, HEAD'],
    ['OPTIONS', '/api/stats', 'GET, HEAD'],
    ['POST', '/sagas', 'GET, HEAD'],
    ['POST', '/', 'GET, HEAD'],
  ])('are 405 for the wrong method: %s %s', async (method, path, allow) => {
    const response = await http.send(method, path);
    expect(await problemIn(response)).toEqual([405, 'method-not-allowed']);
    expect(response.headers.get('allow')).toBe(allow);
  });
});

describe('the engine as a whole', () => {
  it('lists definitions, and shows one with its machine', async () => {
    const { items } = await bodyOf(await http.send('GET', '/api/definitions'));
    expect(items).toMatchObject([{ type: 'order', version: 1, steps: [{}, {}] }]);
    const body = await bodyOf(await http.send('GET', '/api/definitions/order'));
    expect(body).toMatchObject({ versions: [{ version: 1 }], machine: { id: 'order' } });
    expect(body).toMatchObject({ findings: [], explored: { isExhaustive: true } });
    expect(await bodyOf(await http.send('GET', '/api/definitions/order'))).toEqual(body);
    const unknown = await http.send('GET', '/api/definitions/nope');
    expect(await problemIn(unknown)).toEqual([404, 'not-found']);
  });

  it('tells what its host can and cannot promise', async () => {
    const body = await bodyOf(await http.send('GET', '/api/capabilities'));
    expect(body).toEqual(http.backstep.capabilities);
    expect(body).toMatchObject({
      host: 'embedded-sqlite',
      promises: { transactionalActivities: { standing: 'full' }, standby: { standing: 'none' } },
    });
  });

  it('tells its figures as JSON and for Prometheus', async () => {
    await http.settledOrder('figures');
    const stats = await bodyOf(await http.send('GET', '/api/stats'));
    expect(stats).toMatchObject({ sagas: { completed: 1 }, engine: {}, store: {}, live: {} });
    const metrics = await http.send('GET', '/metrics');
    expect(metrics.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    const lines = (await metrics.text()).trimEnd().split('\n');
    for (const line of lines) {
      expect(line).toMatch(
        /^(# (HELP|TYPE) \w+ .+|\w+(\{\w+="[\w.+-]+"(,\w+="[\w.+-]+")*\})? -?\d+(\.\d+)?(e-\d+)?)$/,
      );
    }
    expect(lines).toContain('backstep_sagas{status="completed"} 1');
  });

  it('tells what waits in the inbox, and what of it was refused, without what it carries', async () => {
    const empty = { waiting: 0, oldestAt: null, refused: 0, items: [] };
    expect(await bodyOf(await http.send('GET', '/api/inbox'))).toEqual(empty);
    const row = `INSERT INTO inbox (kind, target, payload, key)
      VALUES ('event', 'nobody', '{"type":"approve","password":"s3cret"}', 'e-1')`;
    await http.backstep.store.write([{ sql: row, parameters: [] }]);
    await expect.poll(async () => (await http.backstep.read.inboxFigures()).refused).toBe(1);
    const response = await http.send('GET', '/api/inbox?limit=10');
    const body = await bodyOf(response);
    expect(body).toMatchObject({ waiting: 0, refused: 1 });
    expect(body['items']).toMatchObject([
      { kind: 'event', target: 'nobody', key: 'e-1', code: 'not-found' },
    ]);
    expect(JSON.stringify(body)).not.toContain('s3cret');
    const lines = (await (await http.send('GET', '/metrics')).text()).split('\n');
    expect(lines).toContain('backstep_inbox_refused 1');
    expect(lines).toContain('backstep_inbox_taken_total 1');
  });

  it('tells where the removal of ended sagas stands, and takes the word that the clock is right', async () => {
    const off = { kind: 'off' };
    expect(await bodyOf(await http.send('GET', '/api/retention'))).toEqual(off);
    const resumed = await http.send('POST', '/api/retention/resume');
    expect([resumed.status, await bodyOf(resumed)]).toEqual([202, off]);
  });

  it('is healthy while the store takes work, else 503 with the reason', async () => {
    expect(await bodyOf(await http.send('GET', '/api/health'))).toEqual({ status: 'ready' });
    const { hono: app } = createApp({
      backstep: withStalledStore(http.backstep),
      security: { allowedHosts: ['localhost'], token: null },
    });
    const response = await app.request('/api/health');
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    expect((await bodyOf(response))['detail']).toContain('the disk is full');
    expect((await app.request('/saga')).status).toBe(404);
  });
});

describe('faults', () => {
  it('are 404 when they are off', async () => {
    for (const [method, path] of [
      ['GET', '/api/faults'],
      ['DELETE', '/api/faults'],
      ['PUT', '/api/faults/charge'],
      ['POST', '/api/faults/crash'],
    ] as const) {
      const response = await http.send(method, path, method === 'GET' ? undefined : {});
      expect(await problemIn(response)).toEqual([404, 'route-unknown']);
    }
  });
});

describe('a failure of ours', () => {
  it('is 500 without any detail, and logged with it', async () => {
    const routes = new Hono<HttpEnv>().get('/broken', () => {
      throw new Error('secret path /x/y');
    });
    const own = await openFixture({ extensions: [{ name: 'broken', routes }] });
    const response = await own.send('GET', '/broken');
    expect(response.status).toBe(500);
    const text = await response.text();
    expect(text).not.toMatch(/secret|stack|Error:/);
    expect(JSON.parse(text)).toMatchObject({ code: 'internal', status: 500 });
    expect(own.log).toHaveLength(1);
    expect(own.log[0]?.[0]).toMatchObject({ err: { message: 'secret path /x/y' } });
    await own.dispose();
  });
});

function withStalledStore(engine: Backstep): Backstep {
  return new Proxy(engine, {
    get(target, name) {
      const own: unknown = Reflect.get(target, name, target);
      if (name !== 'health') return own;
      return () => ({ kind: 'stalled', reason: 'the disk is full', sinceMs: 0 });
    },
  });
}
