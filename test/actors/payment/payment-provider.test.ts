import { describe, expect, it } from 'vitest';
import { startProvider } from './provider-process.ts';

const CHARGE = { orderId: 'order-1', amountMinor: 1_250, currency: 'EUR', method: 'paypal' };
const KEY = 'saga-1/processPayment/forward/1';
const REFUND_KEY = 'saga-1/processPayment/compensate/1';
const REFUND = { forwardKey: KEY, orderId: 'order-1', reason: 'test' };

describe('a charge', () => {
  it('moves money once for the same key and gives the same answer', async () => {
    const provider = await startProvider();
    const first = await provider.call('POST', '/charges', CHARGE, KEY);
    const second = await provider.call('POST', '/charges', CHARGE, KEY);
    expect(first).toMatchObject({ status: 200, body: { orderId: 'order-1', amountMinor: 1_250 } });
    expect(second).toEqual(first);
    expect((await provider.call('GET', '/ledger/summary')).body).toEqual({
      charged: 1_250,
      refunded: 0,
      net: 1_250,
      charges: 1,
      refunds: 0,
    });
  });

  it('moves money once for many concurrent requests with one key', async () => {
    const provider = await startProvider();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => provider.call('POST', '/charges', CHARGE, KEY)),
    );
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect((await provider.call('GET', '/ledger/summary')).body).toMatchObject({ charges: 1 });
  });

  it('refuses the same key with another body', async () => {
    const provider = await startProvider();
    await provider.call('POST', '/charges', CHARGE, KEY);
    const other = { ...CHARGE, amountMinor: 1_251 };
    expect(await provider.call('POST', '/charges', other, KEY)).toMatchObject({
      status: 422,
      body: { code: 'key-reused' },
    });
  });

  it.each([
    ['no key', CHARGE, undefined],
    ['an amount of nothing', { ...CHARGE, amountMinor: 0 }, KEY],
    ['half a cent', { ...CHARGE, amountMinor: 0.5 }, KEY],
    ['an unknown method', { ...CHARGE, method: 'barter' }, KEY],
    ['a strange currency', { ...CHARGE, currency: 'euro' }, KEY],
    ['no body', null, KEY],
  ])('is refused with %s and moves nothing', async (_, body, key) => {
    const provider = await startProvider();
    expect(await provider.call('POST', '/charges', body, key)).toMatchObject({
      status: 422,
      body: { code: 'invalid-request' },
    });
    expect((await provider.call('GET', '/ledger/summary')).body).toMatchObject({ charges: 0 });
  });

  it('can be looked up by its key', async () => {
    const provider = await startProvider();
    await provider.call('POST', '/charges', CHARGE, KEY);
    const path = `/charges/${encodeURIComponent(KEY)}`;
    expect(await provider.call('GET', path)).toMatchObject({
      status: 200,
      body: { key: KEY, refundedAtMs: null },
    });
    expect(await provider.call('GET', '/charges/unknown')).toMatchObject({ status: 404 });
  });
});

describe('a refund', () => {
  it('gives the money back once, whichever key asks for it', async () => {
    const provider = await startProvider();
    await provider.call('POST', '/charges', CHARGE, KEY);
    const first = await provider.call('POST', '/refunds', REFUND, REFUND_KEY);
    expect(String(first.body['refundId'])).toMatch(/^ref_/);
    expect(await provider.call('POST', '/refunds', REFUND, REFUND_KEY)).toEqual(first);
    expect(await provider.call('POST', '/refunds', REFUND, `${REFUND_KEY}0`)).toEqual(first);
    expect((await provider.call('GET', '/ledger/summary')).body).toEqual({
      charged: 1_250,
      refunded: 1_250,
      net: 0,
      charges: 1,
      refunds: 1,
    });
  });

  it('of a charge that never happened fences its key, so that a late charge is refused', async () => {
    const provider = await startProvider();
    const refund = await provider.call('POST', '/refunds', REFUND, REFUND_KEY);
    expect(refund).toEqual({
      status: 200,
      body: { refundId: null, refundedAtMs: null, charge: null },
    });
    expect(await provider.call('POST', '/charges', CHARGE, KEY)).toMatchObject({
      status: 409,
      body: { code: 'fenced' },
    });
    expect((await provider.call('GET', '/ledger/summary')).body).toMatchObject({ charges: 0 });
  });

  it('closes the key: the same charge again is refused, not taken for an old success', async () => {
    const provider = await startProvider();
    await provider.call('POST', '/charges', CHARGE, KEY);
    await provider.call('POST', '/refunds', REFUND, REFUND_KEY);
    expect(await provider.call('POST', '/charges', CHARGE, KEY)).toMatchObject({ status: 409 });
  });

  it('refuses its key for another charge', async () => {
    const provider = await startProvider();
    await provider.call('POST', '/refunds', REFUND, REFUND_KEY);
    const other = { ...REFUND, forwardKey: 'another' };
    expect(await provider.call('POST', '/refunds', other, REFUND_KEY)).toMatchObject({
      status: 422,
    });
  });
});

describe('the ledger', () => {
  it('is paged, oldest first, and every charge is seen once', async () => {
    const provider = await startProvider();
    for (const key of ['a', 'b', 'c']) await provider.call('POST', '/charges', CHARGE, key);
    const first = await provider.call('GET', '/ledger?limit=2');
    expect(first.body).toMatchObject({ items: [{ key: 'a' }, { key: 'b' }], next: 2 });
    const second = await provider.call('GET', '/ledger?limit=2&after=2');
    expect(second.body).toMatchObject({ items: [{ key: 'c' }], next: null });
    expect(await provider.call('GET', '/ledger?limit=0')).toMatchObject({ status: 422 });
  });

  it('survives kill -9 and a restart: charges, refunds and fences', async () => {
    const dying = await startProvider();
    await dying.call('POST', '/charges', CHARGE, KEY);
    await dying.call('POST', '/charges', CHARGE, 'refunded');
    await dying.call('POST', '/refunds', { ...REFUND, forwardKey: 'refunded' }, 'r1');
    await dying.call('POST', '/refunds', { ...REFUND, forwardKey: 'fenced' }, 'r2');
    await dying.stop('SIGKILL');

    const provider = await startProvider(dying.database);
    expect((await provider.call('GET', '/ledger/summary')).body).toMatchObject({
      charges: 2,
      refunds: 1,
      net: 1_250,
    });
    expect(await provider.call('POST', '/charges', CHARGE, KEY)).toMatchObject({ status: 200 });
    expect(await provider.call('POST', '/charges', CHARGE, 'refunded')).toMatchObject({
      status: 409,
    });
    expect(await provider.call('POST', '/charges', CHARGE, 'fenced')).toMatchObject({
      status: 409,
    });
  });
});

describe('a bad day', () => {
  it('fails the next requests without moving money, then serves again', async () => {
    const provider = await startProvider();
    await provider.call('PUT', '/behaviour', { failNext: 1, only: 'charges' });
    expect(await provider.call('POST', '/charges', CHARGE, KEY)).toMatchObject({ status: 503 });
    expect((await provider.call('GET', '/ledger/summary')).body).toMatchObject({ charges: 0 });
    expect(await provider.call('POST', '/charges', CHARGE, KEY)).toMatchObject({ status: 200 });
  });

  it('declines for good until it is over', async () => {
    const provider = await startProvider();
    await provider.call('PUT', '/behaviour', { mode: 'permanent' });
    expect(await provider.call('POST', '/charges', CHARGE, KEY)).toMatchObject({ status: 402 });
    expect(await provider.call('POST', '/charges', CHARGE, KEY)).toMatchObject({ status: 402 });
    await provider.call('DELETE', '/behaviour');
    expect(await provider.call('POST', '/charges', CHARGE, KEY)).toMatchObject({ status: 200 });
  });

  it('charges and then loses the answer; the same key gives it back', async () => {
    const provider = await startProvider();
    await provider.call('PUT', '/behaviour', { failNext: 1, mode: 'applied-then-lost' });
    await expect(provider.call('POST', '/charges', CHARGE, KEY)).rejects.toThrow('fetch failed');
    expect((await provider.call('GET', '/ledger/summary')).body).toMatchObject({ charges: 1 });
    expect(await provider.call('POST', '/charges', CHARGE, KEY)).toMatchObject({ status: 200 });
    expect((await provider.call('GET', '/ledger/summary')).body).toMatchObject({ charges: 1 });
  });

  it('does not answer while it hangs, and stops all the same', async () => {
    const provider = await startProvider();
    await provider.call('PUT', '/behaviour', { mode: 'hang', only: 'charges' });
    const hanging = provider.call('POST', '/charges', CHARGE, KEY).catch(() => 'no answer');
    expect((await provider.call('GET', '/ledger/summary')).body).toMatchObject({ charges: 0 });
    expect(await provider.stop('SIGTERM')).toBe(0);
    expect(await hanging).toBe('no answer');
  });

  it('refuses settings that make no sense', async () => {
    const provider = await startProvider();
    expect(await provider.call('PUT', '/behaviour', { failureRate: 2 })).toMatchObject({
      status: 422,
    });
    expect(await provider.call('PUT', '/behaviour', { only: 'lunch' })).toMatchObject({
      status: 422,
    });
  });
});

describe('the process', () => {
  it('ends with 0 on SIGTERM', async () => {
    const provider = await startProvider();
    expect(await provider.call('GET', '/health')).toMatchObject({ status: 200 });
    expect(await provider.stop('SIGTERM')).toBe(0);
  });

  it('ends when its parent is gone', async () => {
    const provider = await startProvider();
    expect(await provider.orphan()).toBe(0);
  });
});
