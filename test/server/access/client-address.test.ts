import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { clientsBehind } from '../../../src/server/access/client-address.ts';
import type { HttpEnv } from '../../../src/server/http-env.ts';

describe('a client', () => {
  it.each(['192.0.2.9', '127.0.0.1', '10.0.0.1, 192.0.2.9', '', ','])(
    'is who its connection says, whatever its headers say: %j',
    async (forwarded) => {
      expect(await clientOf([], '192.0.2.1', forwarded)).toBe('192.0.2.1');
      expect(await clientOf(['10.0.0.0/8'], '192.0.2.1', forwarded)).toBe('192.0.2.1');
    },
  );

  it.each([
    ['192.0.2.7', '192.0.2.7'],
    // It may write before what the proxies add.
    ['198.51.100.1, 192.0.2.7', '192.0.2.7'],
    ['192.0.2.7, 10.9.9.9', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3::4', '2001:db8:1:2::/64'],
    // Of nobody the proxy itself is left.
    ['', '10.0.0.1'],
    ['unknown', '10.0.0.1'],
    ['10.1.1.1', '10.0.0.1'],
    ['192.0.2.7, <script>', '10.0.0.1'],
  ])('behind a trusted proxy that says %j is %s', async (forwarded, client) => {
    expect(await clientOf(['10.0.0.0/8'], '10.0.0.1', forwarded)).toBe(client);
    expect(await clientOf(['10.0.0.0/8'], '::ffff:10.0.0.1', forwarded)).toBe(client);
  });

  it('is told by proxies of either family', async () => {
    const proxies = ['fd00::/8', '127.0.0.1'];
    expect(await clientOf(proxies, 'fd00::5', '192.0.2.7')).toBe('192.0.2.7');
    expect(await clientOf(proxies, '127.0.0.1', '192.0.2.7')).toBe('192.0.2.7');
    expect(await clientOf(proxies, '127.0.0.2', '192.0.2.7')).toBe('127.0.0.2');
  });

  it.each([
    '10.0.0.0/33',
    'fd00::/129',
    '10.0.0',
    ':::',
    'x/8',
    '10.0.0.0/',
    '10.0.0.0/x',
    '::/-1',
  ])('cannot be told by %s, which is no network', (proxy) =>
    expect(() => clientsBehind([proxy])).toThrow(/is no address and no network$/),
  );
});

async function clientOf(
  proxies: readonly string[],
  remoteAddress: string,
  forwarded: string,
): Promise<string> {
  const client = clientsBehind(proxies);
  const app = new Hono<HttpEnv>().get('/', (c) => c.text(client(c)));
  const incoming = { socket: { remoteAddress } };
  const headers = { 'x-forwarded-for': forwarded };
  return (await app.request('/', { headers }, { incoming })).text();
}
