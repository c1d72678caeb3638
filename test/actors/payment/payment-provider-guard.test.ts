import { chmodSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../demo-database.ts';
import { startProvider } from './provider-process.ts';

const CHARGE = { orderId: 'o-1', amountMinor: 1_250, currency: 'EUR', method: 'paypal' };

describe('the payment provider', () => {
  it('answers no page, and under no other name', async () => {
    const provider = await startProvider();
    const refused = [
      [{ origin: 'https://evil.example' }, 403],
      [{ origin: provider.url }, 403],
      [{ origin: 'null' }, 403],
      [{ 'sec-fetch-site': 'cross-site' }, 403],
      [{ 'sec-fetch-site': 'same-site' }, 403],
      [{ host: 'evil.example' }, 421],
      [{ host: '127.0.0.1.evil.example' }, 421],
      [{ 'content-type': 'text/plain' }, 415],
    ] as const;
    for (const [headers, status] of refused) {
      const given = await statusOf(`${provider.url}/charges`, 'POST', headers);
      expect([headers, given]).toEqual([headers, status]);
    }
    const bad = await statusOf(`${provider.url}/behaviour`, 'DELETE', { origin: 'http://x' });
    expect(bad).toBe(403);
    expect((await provider.call('GET', '/ledger/summary')).body).toMatchObject({ charges: 0 });
    expect(await provider.call('POST', '/charges', CHARGE, 'k')).toMatchObject({ status: 200 });
  });

  it.each([{ BACKSTEP_READ_ONLY: 'on' }, { BACKSTEP_FAULTS: 'off' }])(
    'cannot be told to misbehave with %j',
    async (env) => {
      const provider = await startProvider(undefined, env);
      for (const method of ['GET', 'PUT', 'DELETE'] as const) {
        const body = method === 'GET' ? undefined : { failNext: 1 };
        expect(await provider.call(method, '/behaviour', body)).toMatchObject({ status: 404 });
      }
      expect(await provider.call('POST', '/charges', CHARGE, 'k')).toMatchObject({ status: 200 });
    },
  );

  it('keeps its books to its owner, also those that were there before', async () => {
    const path = join(temporaryFolder(), 'deep', 'books.db');
    const first = await startProvider(path);
    await first.call('POST', '/charges', CHARGE, 'k');
    for (const file of [path, `${path}-wal`]) expect(modeOf(file)).toBe(0o600);
    await first.stop('SIGKILL');
    chmodSync(path, 0o644);
    chmodSync(`${path}-wal`, 0o644);
    const second = await startProvider(path);
    await second.call('POST', '/charges', CHARGE, 'k2');
    for (const file of [path, `${path}-wal`]) expect(modeOf(file)).toBe(0o600);
  });
});

function modeOf(path: string): number {
  return statSync(path).mode & 0o777;
}

/** By hand, because `fetch` lets nobody lie about host and origin. */
function statusOf(
  url: string,
  method: string,
  headers: Readonly<Record<string, string>>,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const all = { 'content-type': 'application/json', 'idempotency-key': 'k', ...headers };
    const sent = request(url, { method, headers: all }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on('error', reject);
    sent.end(method === 'DELETE' ? undefined : JSON.stringify(CHARGE));
  });
}
