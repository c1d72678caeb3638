/** What a program gives to the server, what it may not give, and what becomes of it. */
import { Hono } from 'hono';
import { html } from 'hono/html';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BackstepError } from '../../src/core/errors.ts';
import {
  createServer,
  type Extension,
  region,
  serveBackstep,
  type ServerOptions,
} from '../../src/server.ts';
import { problemIn } from './http-fixture.ts';
import { openShop, type ShopEngine } from './shop-engine.ts';

const TOKEN = '4f1c9a07d2e85b36c0419fe7a2b8d563';
const BROWSER = { headers: { accept: 'text/html' } };

let shop: ShopEngine;
beforeAll(async () => void (shop = await openShop()));
afterAll(() => shop.dispose());

const serverOf = (options: Partial<ServerOptions> = {}) =>
  createServer({ backstep: shop.backstep, ...options });

describe('the options', () => {
  it.each<[object, RegExp]>([
    [{ backstep: undefined }, /backstep is missing; give an engine of openBackstep/],
    [{ backstep: 'x' }, /backstep is "x"; give an engine/],
    [{ prefx: '/ops' }, /prefx is not known \(did you mean "prefix"\?\)/],
    [{ prefix: 'ops' }, /prefix is "ops"; give a path such as "\/ops"/],
    [{ prefix: '/ops/' }, /prefix is "\/ops\/"; give a path/],
    [{ prefix: '/a b' }, /prefix is "\/a b"/],
    [{ readOnly: 'yes' }, /readOnly is "yes"; give true or false/],
    [{ maxClients: 0 }, /maxClients is 0; give a whole number from 1 to 1500/],
    [{ allowedHosts: ['http://x'] }, /allowedHosts.0 is "http:\/\/x"; give a name/],
    [{ allowedHosts: ['ops.example'] }, /ops\.example, which others can reach; give a token/],
    [{ trustedProxies: ['nowhere'] }, /nowhere/],
    [{ token: TOKEN, authorize: () => '' }, /either a token or authorize/],
    [{ extensions: [{ pages: [] }] }, /extensions.0.name is missing/],
    [{ extensions: [{ name: 'x', page: [] }] }, /extensions.0.page is not known/],
    [{ logger: {} }, /logger .*give a pino logger/],
  ])('%j are refused with the cure', (options, message) => {
    expect(() => serverOf(options)).toThrow(message);
    expect(() => serverOf(options)).toThrow(BackstepError);
  });

  it('never show a token that is too short', () => {
    const short = 'sesame-open-up';
    expect(() => serverOf({ token: short })).toThrow(/^(?!.*sesame).*token is not usable; give a/);
  });

  it('of a port of its own are read as strictly', async () => {
    const { backstep } = shop;
    await expect(serveBackstep({ backstep, host: '0.0.0.0' })).rejects.toThrow(/others can reach/);
    await expect(serveBackstep({ backstep, port: 99_999 })).rejects.toThrow(/port is 99999/);
    await expect(serveBackstep({ backstep, hots: 'x' } as never)).rejects.toThrow(/hots is not/);
  });
});

describe('a server', () => {
  it('serves the names of this machine and those it is told, and no other', async () => {
    const ops = serverOf({ allowedHosts: ['Ops.Example'], token: TOKEN });
    const headers = { authorization: `Bearer ${TOKEN}` };
    for (const host of ['localhost', '127.0.0.1:8080', '[::1]', 'ops.example']) {
      expect((await ops.app.request(`http://${host}/api/stats`, { headers })).status).toBe(200);
    }
    const other = await ops.app.request('http://evil.example/api/stats', { headers });
    expect(await problemIn(other)).toEqual([421, 'host-unknown']);
    await ops.stop();
  });

  it('asks the program who may come in, and writes the name into the audit', async () => {
    const ops = serverOf({
      allowedHosts: ['ops.example'],
      authorize: async ({ headers }) => headers.get('x-user'),
    });
    const at = 'http://ops.example';
    expect(await problemIn(await ops.app.request(`${at}/api/stats`))).toEqual([
      401,
      'token-required',
    ]);
    const page = await ops.app.request(`${at}/`, BROWSER);
    expect(page.status).toBe(401);
    expect(await page.text()).toContain('Log in to the program that this server belongs to.');
    const { id } = await shop.backstep.spawn('shop', { input: { item: 'vase' } });
    const command = await ops.app.request(`${at}/api/sagas/${id}/commands`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-user': 'Ada' },
      body: JSON.stringify({ command: 'pause' }),
    });
    expect(command.status).toBe(202);
    expect(await shop.backstep.read.audit(id)).toMatchObject([{ command: 'pause', by: 'Ada' }]);
    await ops.stop();
  });

  it('says below its prefix where to log in', async () => {
    const ops = serverOf({ prefix: '/ops', token: 'kR7vQ2mX9pL4sW8zT1bN6cJ3hF5gD0aY' });
    const refused = await ops.app.request('http://127.0.0.1/ops/api/stats');
    expect(refused.status).toBe(401);
    expect(await refused.text()).toContain('Log in at /ops/login, or send the token');
    await ops.stop();
  });

  it('listens alone on a port, and ends with all that belongs to it', async () => {
    const ended: string[] = [];
    const served = await serveBackstep({
      backstep: shop.backstep,
      port: 0,
      prefix: '/ops',
      extensions: [
        { name: 'x', start: () => ended.push('began'), stop: async () => void ended.push('ended') },
      ],
    });
    expect((await fetch(`${served.url}/ops/api/health`)).status).toBe(200);
    await served.stop();
    expect(ended).toEqual(['began', 'ended']);
    await expect(fetch(`${served.url}/ops/api/health`)).rejects.toThrow('fetch failed');
  });
});

describe('an extension', () => {
  it('is taken with every member that its type has', () => {
    const whole: Required<Extension> = {
      name: 'whole',
      routes: new Hono(),
      pages: [],
      panels: [],
      styles: '#shelf { color: red }',
      operations: [],
      invariants: async () => [],
      overview: () => html``,
      banner: () => null,
      isDisturbed: () => true,
      start: () => {},
      stop: async () => {},
    };
    expect(() => serverOf({ extensions: [whole] })).not.toThrow();
  });

  it('adds pages, styles, panels, statements, routes and a banner, each with its secrets hidden', async () => {
    let isLoud = false;
    const ops = serverOf({
      prefix: '/ops',
      extensions: [
        ({ backstep, touch }) => ({
          name: 'shelves',
          routes: new Hono().post('/shelves/fill', (c) => {
            isLoud = true;
            touch();
            return c.text(backstep.definitions()[0]?.id ?? '');
          }),
          pages: [
            {
              path: '/shelves',
              title: 'Shelves',
              nav: 'Shelves',
              navAfter: '/sagas',
              groups: (query) => [
                {
                  key: `shelf ${query.get('row') ?? ''}`,
                  minAgeMs: 100,
                  render: async () => [await region('shelf', html`row ${query.get('row')}`)],
                },
              ],
              content: (place) =>
                html`<h1>Shelves</h1>
                  <p id="shelf">${place('shelf')}</p>`,
            },
          ],
          panels: [
            {
              id: 'keys',
              title: 'Keys',
              read: async () => ({
                columns: ['Key'],
                rows: [['password=hunter2']],
                empty: 'None.',
                nextCursor: null,
              }),
            },
          ],
          invariants: async () => [
            { name: 'keys', statement: 'keys = doors', holds: true, expected: 1, actual: 1 },
          ],
          styles: '#shelf { color: red }',
          overview: () => html`<a href="/shelves?row=1">To the shelves</a>`,
          banner: () => (isLoud ? html`<p>The shelves are full.</p>` : null),
        }),
      ],
    });
    const pageAt = async (path: string) => {
      const page = await ops.app.request(`http://localhost/ops${path}`, BROWSER);
      return (await page.text()).replaceAll(/\s+/g, ' ');
    };
    const shelf = await pageAt('/shelves?row=7');
    expect(shelf).toContain('<p id="shelf">row 7</p>');
    expect(shelf).toMatch(/Sagas<\/a> <\/li><li> <a href="\/ops\/shelves" aria-current="page"/);
    expect(shelf).not.toContain('The shelves are full.');
    expect(await pageAt('/assets/backstep.css')).toMatch(/\.tabs {.*#shelf { color: red }$/);
    const filled = await ops.app.request('http://localhost/ops/shelves/fill', { method: 'POST' });
    expect(await filled.text()).toBe('shop');
    const overview = await pageAt('/');
    expect(overview).toContain('<a href="/ops/shelves?row=1">To the shelves</a>');
    expect(overview).toContain('The shelves are full.');
    await expect.poll(() => pageAt('/services')).toContain('keys = doors');
    const services = await pageAt('/services');
    expect(services).toContain('Keys');
    expect(services).not.toContain('hunter2');
    await ops.stop();
  });
});
