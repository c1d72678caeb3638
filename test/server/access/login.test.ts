/** Coming in with a browser where a token is required, and who may guess how often. */
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createApp } from '../../../src/server/app.ts';
import { SESSION_SECONDS } from '../../../src/server/access/sessions.ts';
import { startServer } from '../../../src/server/listening-server.ts';
import { bodyOf, type HttpFixture, openFixture, problemIn } from '../http-fixture.ts';
import { openSocket } from '../live/live-socket.ts';

const TOKEN = '0123456789abcdef0123456789abcdef';
const START_MS = Date.UTC(2026, 0, 1);

let nowMs: number;
let http: HttpFixture;
beforeEach(async () => {
  nowMs = START_MS;
  http = await openFixture({
    security: { allowedHosts: ['localhost'], token: TOKEN },
    nowMs: () => nowMs,
  });
});
afterEach(() => http.dispose());

describe('a person with a browser', () => {
  it('is led to the login page and back to where they wanted to go', async () => {
    const page = await http.app.request('/sagas?text=7', { headers: { accept: 'text/html' } });
    expect(page.status).toBe(303);
    expect(page.headers.get('location')).toBe('/login?next=%2Fsagas%3Ftext%3D7');
    const form = await http.app.request('/login?next=%2Fsagas%3Ftext%3D7');
    expect(await form.text()).toContain('name="next" value="/sagas?text=7"');
    expect((await http.app.request('/login/backstep.css')).status).toBe(200);
    const answer = await login({ token: TOKEN, next: '/sagas?text=7' });
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toBe('/sagas?text=7');
    const opened = await http.app.request('/sagas?text=7', {
      headers: { cookie: cookieOf(answer) },
    });
    expect(opened.status).toBe(200);
  });

  it('gets a cookie that no script, no other site and no later day can use', async () => {
    const answer = await login({ token: TOKEN });
    const set = answer.headers.get('set-cookie') ?? '';
    expect(set).toMatch(/; HttpOnly/);
    expect(set).toMatch(/; SameSite=Strict/);
    expect(set).toMatch(/; Path=\//);
    expect(set).toContain(`Max-Age=${SESSION_SECONDS}`);
    expect(set).not.toContain(TOKEN);
    expect(set).not.toContain('Secure');
    const proxied = await login({ token: TOKEN }, { 'x-forwarded-proto': 'https' });
    expect(proxied.headers.get('set-cookie')).toMatch(/; Secure/);
    expect(await statusWith(cookieOf(answer))).toBe(200);
    nowMs += SESSION_SECONDS * 1_000 + 1_000;
    expect(await statusWith(cookieOf(answer))).toBe(401);
  });

  it('is not let in by a cookie that was made or changed elsewhere', async () => {
    const cookie = cookieOf(await login({ token: TOKEN, name: 'kim' }));
    const [name = '', value = ''] = cookie.split('=');
    const [until = '', id = '', operator = '', signature = ''] = value.split('.');
    const forged = [
      `${Number(until) + 1}.${id}.${operator}.${signature}`,
      `${until}.${id}.${Buffer.from('boss').toString('base64url')}.${signature}`,
      `${until}.${id.toLowerCase()}x.${operator}.${signature}`,
      `${until}.${operator}.${signature}`,
      `${until}.${id}.${operator}.${'A'.repeat(signature.length)}`,
      `${until}.${id}.${operator}.`,
      `${until}.${id}.${operator}`,
      `${value}.x`,
      'x'.repeat(1_000),
      TOKEN,
      '',
    ];
    for (const other of forged) expect(await statusWith(`${name}=${other}`)).toBe(401);
    const elsewhere = await openFixture({
      security: { allowedHosts: ['localhost'], token: `${TOKEN}0` },
      nowMs: () => nowMs,
    });
    const there = await elsewhere.app.request('/api/stats', { headers: { cookie } });
    expect(there.status).toBe(401);
    await elsewhere.dispose();
  });

  it('is named in the audit of what they order, whatever the request says', async () => {
    const cookie = cookieOf(await login({ token: TOKEN, name: ' Kim ' }));
    const id = await stuckOrder();
    const response = await http.app.request(`/api/sagas/${id}/commands`, {
      method: 'POST',
      headers: { cookie, 'content-type': 'application/json' },
      body: JSON.stringify({ command: 'pause', by: 'somebody else' }),
    });
    expect(response.status).toBe(202);
    expect(await http.backstep.read.audit(id)).toMatchObject([{ by: 'Kim' }]);
  });

  it('is named in the audit of what they order of many at once', async () => {
    const cookie = cookieOf(await login({ token: TOKEN, name: 'Kim' }));
    const id = await stuckOrder();
    const send = async (path: string, fields: Readonly<Record<string, string>>) =>
      (
        await http.app.request(path, {
          method: 'POST',
          headers: { cookie },
          body: new URLSearchParams(fields),
        })
      ).headers.get('location') ?? '';
    const chosen = { scope: 'chosen', command: 'pause', [`saga-${id}`]: 'on' };
    const place = await send('/bulk', chosen);
    await send(`${place}/start`, {});
    const authors = async () => (await http.backstep.read.audit(id)).map(({ by }) => by);
    await expect
      .poll(authors, { timeout: 10_000 })
      .toEqual([expect.stringMatching(/^Kim \(bulk \d+/)]);
  });

  it('finds the way out on every page, as a form that only our own pages can send', async () => {
    const cookie = cookieOf(await login({ token: TOKEN }));
    for (const path of ['/', '/sagas', '/nowhere']) {
      const headers = { cookie, accept: 'text/html' };
      const page = await (await http.app.request(path, { headers })).text();
      expect(page).toMatch(/<form class="log-out" method="post" action="\/logout">/);
    }
    const forged = { method: 'POST', headers: { cookie, origin: 'http://evil.example' } };
    const answer = await http.app.request('/logout', forged);
    expect(await problemIn(answer)).toEqual([403, 'origin-refused']);
    expect((await http.app.request('/logout', { headers: { cookie } })).status).toBe(405);
  });

  it('keeps the name that was typed beside a wrong token', async () => {
    const form = await (await login({ token: 'wrong', name: 'Kim "K" <k>' })).text();
    expect(form).toContain('value="Kim &quot;K&quot; &lt;k&gt;"');
    expect(form).not.toContain('value="wrong"');
  });

  it('hears no more after the logout, and nobody else notices', async () => {
    const server = await startServer(http.app, { host: 'localhost', port: 0 });
    const mine = cookieOf(await login({ token: TOKEN, name: 'Kim' }));
    const theirs = cookieOf(await login({ token: TOKEN, name: 'Robin' }));
    const sockets = server.url.replace('http', 'ws');
    const page = await openSocket(`${sockets}/ws/page?page=/`, { cookie: mine });
    const feed = await openSocket(`${sockets}/ws/transitions`, { cookie: mine });
    const other = await openSocket(`${sockets}/ws/transitions`, { cookie: theirs });
    const events = await fetch(`${server.url}/api/transitions`, { headers: { cookie: mine } });
    await http.app.request('/logout', { method: 'POST', headers: { cookie: mine } });
    expect(await Promise.all([page.closed, feed.closed])).toEqual([1006, 1006]);
    await events.text().catch(() => 'cut off');
    await http.backstep.spawn('order', { input: { orderId: 'a', quantity: 1 } });
    await other.until((texts) => texts.length > 0);
    expect(page.texts.length + feed.texts.length).toBeLessThan(2);
    await server.close();
  });

  it('hears no more where the session is over, or was ended at another process', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const server = await startServer(http.app, { host: 'localhost', port: 0 });
    const address = `${server.url.replace('http', 'ws')}/ws/transitions`;
    const feed = (cookie: string, more = {}) => openSocket(address, { cookie, ...more });
    const mine = cookieOf(await login({ token: TOKEN }));
    const [ended, over] = [await feed(mine), await feed(cookieOf(await login({ token: TOKEN })))];
    const program = await feed('backstep_session=old', { authorization: `Bearer ${TOKEN}` });
    await otherApp().request('/logout', { method: 'POST', headers: { cookie: mine } });
    nowMs += 2_000;
    vi.advanceTimersByTime(20_000);
    expect(await ended.closed).toBe(1006);
    nowMs += SESSION_SECONDS * 1_000;
    vi.advanceTimersByTime(20_000);
    expect(await over.closed).toBe(1006);
    await http.settledOrder('a');
    await program.until((texts) => texts.length > 0);
    await server.close();
  });

  it('is let in by no cookie that was logged out of, after a restart neither', async () => {
    const mine = cookieOf(await login({ token: TOKEN, name: 'Kim' }));
    const again = cookieOf(await login({ token: TOKEN, name: 'Kim' }));
    expect(await statusWith(mine)).toBe(200);
    await http.app.request('/logout', { method: 'POST', headers: { cookie: mine } });
    expect(await statusWith(mine)).toBe(401);
    // The same person, the same second, another window.
    expect(await statusWith(again)).toBe(200);
    const headers = { cookie: mine, upgrade: 'websocket', connection: 'Upgrade' };
    expect((await http.app.request('/ws/transitions', { headers })).status).toBe(401);
    const later = otherApp();
    const asked = (cookie: string) => later.request('/api/stats', { headers: { cookie } });
    expect((await asked(mine)).status).toBe(401);
    expect((await asked(again)).status).toBe(200);
  });

  it('logs out', async () => {
    const out = await http.app.request('/logout', { method: 'POST' });
    expect(out.status).toBe(303);
    expect(out.headers.get('set-cookie')).toMatch(/^backstep_session=; Max-Age=0/);
  });

  it.each([
    '//evil.example',
    '/\\evil.example',
    'https://evil.example',
    '/\t/evil',
    'javascript:x',
  ])('is never led to %j', async (next) => {
    const answer = await login({ token: TOKEN, next });
    expect(answer.headers.get('location')).toBe('/');
    const form = await http.app.request(`/login?next=${encodeURIComponent(next)}`);
    expect(await form.text()).toContain('name="next" value="/"');
  });

  it('cannot be logged in by another site', async () => {
    const answer = await login({ token: TOKEN }, { origin: 'http://evil.example' });
    expect(await problemIn(answer)).toEqual([403, 'origin-refused']);
  });
});

describe('guessing', () => {
  it('is stopped after ten wrong tokens, for that client and for a while, the right one not', async () => {
    for (let count = 0; count < 5; count += 1) {
      expect((await login({ token: 'wrong' }, {}, '192.0.2.1')).status).toBe(401);
      expect((await bearer('wrong', '192.0.2.1')).status).toBe(401);
    }
    const blocked = await bearer('wrong', '192.0.2.1');
    expect(await problemIn(blocked)).toEqual([429, 'too-many-requests']);
    expect(blocked.headers.get('retry-after')).toBe('10');
    expect((await login({ token: 'wrong' }, {}, '192.0.2.1')).status).toBe(429);
    // Nobody who has the token is harmed by those who have not, from the same address neither.
    expect((await bearer(TOKEN, '192.0.2.1')).status).toBe(200);
    expect((await login({ token: TOKEN }, {}, '192.0.2.1')).status).toBe(303);
    expect((await bearer(TOKEN, '192.0.2.2')).status).toBe(200);
    const cookie = cookieOf(await login({ token: TOKEN }, {}, '192.0.2.2'));
    expect(await statusWith(cookie, '192.0.2.1')).toBe(200);
    nowMs += 10_000;
    expect((await bearer('wrong', '192.0.2.1')).status).toBe(401);
  });

  it('gains nothing from the many addresses of one IPv6 network', async () => {
    for (let count = 1; count <= 10; count += 1) await bearer('wrong', `2001:db8::${count}`);
    expect((await bearer('wrong', '2001:db8:0:0:ffff::1')).status).toBe(429);
    expect((await bearer('wrong', '2001:db8:0:1::1')).status).toBe(401);
  });

  it('is not counted for requests without a token', async () => {
    for (let count = 0; count < 20; count += 1) {
      expect(await statusWith('', '192.0.2.1')).toBe(401);
    }
    expect((await bearer('wrong', '192.0.2.1')).status).toBe(401);
  });
});

describe('without a token', () => {
  it('there is nothing to log in to', async () => {
    const open = await openFixture();
    expect((await open.app.request('/login')).status).toBe(404);
    expect(await (await open.app.request('/sagas')).text()).not.toContain('Log out');
    expect(await bodyOf(await open.send('GET', '/api/health'))).toEqual({ status: 'ready' });
    await open.dispose();
  });
});

function from(address: string): { incoming: { socket: { remoteAddress: string } } } {
  return { incoming: { socket: { remoteAddress: address } } };
}

/** Of another process over the same database. */
function otherApp() {
  const security = { allowedHosts: ['localhost'], token: TOKEN };
  return createApp({ backstep: http.backstep, security, nowMs: () => nowMs }).hono;
}

async function login(
  fields: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
  address = '127.0.0.1',
): Promise<Response> {
  const init = { method: 'POST', headers, body: new URLSearchParams(fields) };
  return http.app.request('/login', init, from(address));
}

async function bearer(token: string, address: string): Promise<Response> {
  const headers = { authorization: `Bearer ${token}` };
  return http.app.request('/api/stats', { headers }, from(address));
}

async function statusWith(cookie: string, address = '127.0.0.1'): Promise<number> {
  return (await http.app.request('/api/stats', { headers: { cookie } }, from(address))).status;
}

function cookieOf(answer: Response): string {
  return (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
}

/** An order that a pause is legal for: its first step has not answered yet. */
async function stuckOrder(): Promise<string> {
  await http.dispose();
  http = await openFixture({
    security: { allowedHosts: ['localhost'], token: TOKEN },
    nowMs: () => nowMs,
    activities: { reserve: () => new Promise<never>(() => {}) },
  });
  const { id } = await http.backstep.spawn('order', { input: { orderId: 'a', quantity: 1 } });
  return id;
}
