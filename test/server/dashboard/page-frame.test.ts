import { afterEach, describe, expect, it } from 'vitest';
import { openFixture, problemIn, type HttpFixture } from '../http-fixture.ts';

const BROWSER = { accept: 'text/html,application/xhtml+xml' };

let http: HttpFixture;
afterEach(() => http.dispose());

describe('the frame of a page', () => {
  it('leads to every page and says which one is shown', async () => {
    http = await openFixture();
    const page = await pageAt('/sagas');
    const links = [...page.matchAll(/<a href="([^"]+)" (aria-current="page")?\s*>/g)];
    expect(links.map(([, path]) => path)).toEqual([
      '/',
      '/sagas',
      '/dead-letters',
      '/alerts',
      '/definitions',
      '/performance',
      '/inspector',
      '/debug',
      '/guide',
    ]);
    expect(links.filter(([, , current]) => current !== undefined)).toHaveLength(1);
    expect(page).toMatch(/<a href="\/sagas" aria-current="page"\s*>Sagas<\/a>/);
  });

  it('gives times that stay the same text, with the absolute one as title', async () => {
    http = await openFixture();
    await http.settledOrder('o-1');
    const page = await pageAt('/sagas');
    expect(page).toMatch(/<html lang="en" data-now="\d{13}">/);
    expect(page).toMatch(
      /<time class="when" datetime="([^"]+T([^".]+)\.\d{3}Z)" title="\1"\s*>\2<\/time\s*>/,
    );
  });
});

describe('an error', () => {
  it('is a page for a person and a problem for a program', async () => {
    http = await openFixture();
    const page = await pageAt('/nowhere', 404);
    expect(page).toContain('There is nothing at this address.');
    expect(await problemIn(await http.send('GET', '/nowhere'))).toEqual([404, 'route-unknown']);
    const api = await http.app.request('/api/nowhere', { headers: BROWSER });
    expect(await problemIn(api)).toEqual([404, 'route-unknown']);
  });

  it('is a piece of the page for its script, and a page for a form without script', async () => {
    http = await openFixture({
      security: { allowedHosts: ['localhost'], token: null, isReadOnly: true },
    });
    const init = { method: 'POST', body: new URLSearchParams({ expected_version: '1' }) };
    const headers = { 'hx-request': 'true', accept: 'text/html' };
    const piece = await http.app.request('/sagas/x/commands/cancel', { ...init, headers });
    expect(piece.status).toBe(403);
    expect(piece.headers.get('content-type')).toMatch(/^text\/html/);
    const content = await piece.text();
    expect(content).toMatch(/^<div class="note tone-bad" role="alert">[^]*This server only shows/);
    const whole = await http.app.request('/sagas/x/commands/cancel', { ...init, headers: BROWSER });
    expect(whole.status).toBe(403);
    expect(await whole.text()).toMatch(/<h1>Read only<\/h1>[^]*This server only shows/);
    const program = await http.app.request('/sagas/x/commands/cancel', init);
    expect(await problemIn(program)).toEqual([403, 'read-only']);
  });

  it('leads to the login when the session is over, and from there back to the page', async () => {
    const token = '0123456789abcdef0123456789abcdef';
    http = await openFixture({ security: { allowedHosts: ['localhost'], token } });
    const init = { method: 'POST', body: new URLSearchParams({ expected_version: '1' }) };
    const post = async (headers: Readonly<Record<string, string>>) =>
      http.app.request('/sagas/x/commands/cancel', { ...init, headers });
    const page = { 'hx-request': 'true', 'hx-current-url': 'http://localhost/sagas/7' };
    const piece = await post(page);
    expect(piece.status).toBe(401);
    expect(piece.headers.get('hx-redirect')).toBe('/login?next=%2Fsagas%2F7');
    const elsewhere = await post({ ...page, 'hx-current-url': 'not an address' });
    expect(elsewhere.headers.get('hx-redirect')).toBe('/login');
    const whole = await post(BROWSER);
    expect(whole.headers.get('location')).toBe('/login');
    expect(await problemIn(await post({}))).toEqual([401, 'token-required']);
  });
});

async function pageAt(path: string, status = 200): Promise<string> {
  const response = await http.app.request(path, { headers: BROWSER });
  expect(response.status).toBe(status);
  expect(response.headers.get('content-type')).toMatch(/^text\/html/);
  return response.text();
}
