/** The server below a prefix of a program's own, in each of the usual HTTP servers of Node. */
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type BackstepServer, createServer } from '../../src/server.ts';
import { completeHtml, isBelow } from '../../src/server/mounted.ts';
import { bodyOf } from './http-fixture.ts';
import { openSocket } from './live/live-socket.ts';
import { OWN_ANSWER, PROGRAMS } from './program-hosts.ts';
import { openShop, type ShopEngine } from './shop-engine.ts';

const PAGES = ['', '/', '/sagas', '/definitions/shop', '/performance', '/inspector', '/debug'];
const TOKEN = '4f1c9a07d2e85b36c0419fe7a2b8d563';

let shop: ShopEngine;
beforeAll(async () => void (shop = await openShop()));
afterAll(() => shop.dispose());

describe.each(Object.entries(PROGRAMS))('mounted in a program of %s', (_name, mount) => {
  let ops: BackstepServer;
  let program: Server;
  let url: string;

  beforeEach(async () => {
    ops = createServer({ backstep: shop.backstep, prefix: '/ops' });
    program = await mount(ops);
    url = `http://127.0.0.1:${(program.address() as AddressInfo).port}`;
  });

  afterEach(async () => {
    await ops.stop();
    program.closeAllConnections();
    program.close();
    await once(program, 'close');
  });

  it('answers the API, and leaves the rest to the program', async () => {
    expect(await (await fetch(url)).text()).toBe(OWN_ANSWER);
    expect(await (await fetch(`${url}/api/health`)).text()).not.toContain('ready');
    expect(await bodyOf(await fetch(`${url}/ops/api/health`))).toEqual({ status: 'ready' });
    expect((await fetch(`${url}/ops/metrics`)).status).toBe(200);
    const started = await fetch(`${url}/ops/api/sagas/shop`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ input: { item: 'book' } }),
    });
    expect(started.status).toBe(202);
    const { id } = await bodyOf(started);
    expect(started.headers.get('location')).toBe(`/ops/api/sagas/${String(id)}`);
    const document = await bodyOf(await fetch(`${url}/ops/api/openapi.json`));
    expect(document['servers']).toEqual([{ url: '/ops' }]);
    expect((await fetch(`${url}/ops/api/nowhere`)).headers.get('content-type')).toBe(
      'application/problem+json',
    );
  });

  it('has every address of its pages below the prefix, and what they lead to is there', async () => {
    const found = new Set<string>();
    for (const path of PAGES) {
      const page = await fetch(`${url}/ops${path}`, { headers: { accept: 'text/html' } });
      expect(page.status).toBe(200);
      expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
      for (const [, , address] of (await page.text()).matchAll(/([\w:-]+)="(\/[^"]*)"/g)) {
        found.add(String(address));
      }
    }
    expect([...found].filter((address) => !/^\/ops(\/|$)/.test(address))).toEqual([]);
    expect(found.size).toBeGreaterThan(15);
    const files = [...found].filter((address) => address.startsWith('/ops/assets/'));
    expect(files.length).toBeGreaterThanOrEqual(3);
    for (const file of files) expect((await fetch(`${url}${file}`)).status).toBe(200);
  });

  it('takes forms and leads back below the prefix', async () => {
    const { id } = await shop.backstep.spawn('shop', { input: { item: 'lamp' } });
    const answer = await fetch(`${url}/ops/sagas/${id}/commands/pause`, {
      method: 'POST',
      body: new URLSearchParams({ reason: 'look' }),
      redirect: 'manual',
    });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, `/ops/sagas/${id}`]);
    expect((await shop.backstep.saga(id).state())?.status).toBe('paused');
  });

  it('opens its sockets, and none of others', async () => {
    const sockets = url.replace('http', 'ws');
    const feed = await openSocket(`${sockets}/ops/ws/transitions`);
    const page = await openSocket(`${sockets}/ops/ws/page?page=/`);
    const { id } = await shop.backstep.spawn('shop', { input: { item: 'chair' } });
    await feed.until((texts) => texts.some((text) => text.includes(id)));
    await page.until((texts) => texts.some((text) => text.includes('href="/ops/sagas')));
    expect(page.texts.join('')).not.toMatch(/href="\/(?!ops)/);
    await expect(openSocket(`${sockets}/ws/transitions`)).rejects.toThrow(/404|426|hang up/);
    await expect(openSocket(`${sockets}/ops/ws/page?page=/none`)).rejects.toThrow('400');
    await ops.stop();
    expect(await Promise.all([feed.closed, page.closed])).toEqual([1001, 1001]);
  });

  it('ends a stream of events when it stops', async () => {
    const stream = await fetch(`${url}/ops/api/transitions?since=0`);
    const stopped = ops.stop();
    await stream.text();
    await stopped;
    expect(stream.status).toBe(200);
  });
});

describe('a session below a prefix', () => {
  it('has a cookie for that path only, and a login that leads back', async () => {
    const ops = createServer({ backstep: shop.backstep, prefix: '/ops', token: TOKEN });
    const at = 'http://localhost/ops';
    const turned = await ops.app.request(`${at}/sagas?q=a`, { headers: { accept: 'text/html' } });
    const login = '/ops/login?next=%2Fsagas%3Fq%3Da';
    expect([turned.status, turned.headers.get('location')]).toEqual([303, login]);
    const form = await (await ops.app.request(`http://localhost${login}`)).text();
    expect(form).toContain('action="/ops/login"');
    expect(form).toContain('href="/ops/login/backstep.css"');
    const body = new URLSearchParams({ token: TOKEN, next: '/sagas?q=a' });
    const entered = await ops.app.request(`${at}/login`, { method: 'POST', body });
    expect([entered.status, entered.headers.get('location')]).toEqual([303, '/ops/sagas?q=a']);
    const cookie = entered.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/; Path=\/ops;/);
    const headers = { cookie: cookie.split(';')[0] ?? '', accept: 'text/html' };
    expect((await ops.app.request(`${at}/sagas`, { headers })).status).toBe(200);
    const piece = await ops.app.request(`${at}/bulk`, {
      method: 'POST',
      headers: { 'hx-request': 'true', 'hx-current-url': `${at}/dead-letters` },
    });
    expect(piece.headers.get('hx-redirect')).toBe('/ops/login?next=%2Fdead-letters');
    await ops.stop();
  });
});

describe('an address', () => {
  it('is completed where it is one of ours', () => {
    const page =
      '<a href="/sagas?q=1">a</a> <form action="/bulk" hx-post="/bulk"><img src="/a.svg">' +
      '<div hx-ws:connect="/ws/page?x"></div><button data-socket="/inspect">';
    expect(completeHtml(page, '/ops').match(/="\/ops\//g)).toHaveLength(6);
    const others =
      '<a href="#main"> <a href="//elsewhere/x"> <a href="https://x/y"> href=&quot;/x <b title="/x">';
    expect(completeHtml(others, '/ops')).toBe(others);
    expect(completeHtml(page, '')).toBe(page);
  });

  it('is below a prefix as a whole path', () => {
    for (const target of ['/ops', '/ops/', '/ops?x=1', '/ops/ws/page']) {
      expect(isBelow('/ops', target)).toBe(true);
    }
    for (const target of ['/', '/opsx', '/x/ops', '']) expect(isBelow('/ops', target)).toBe(false);
    expect(isBelow('', '/anything')).toBe(true);
  });
});
