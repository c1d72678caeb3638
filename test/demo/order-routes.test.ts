import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emptyDemo, openDemo } from './demo-fixture.ts';
import { bodyOf, declined, problemIn, textLike, type HttpFixture } from '../server/http-fixture.ts';

let http: HttpFixture;
let failing: HttpFixture;
beforeAll(async () => {
  http = await openDemo();
  failing = await openDemo({ activities: { charge: declined } });
});
afterAll(() => Promise.all([http.dispose(), failing.dispose()]));

describe('POST /saga/execute', () => {
  it('answers 202 once the start is durable, and names the saga', async () => {
    const response = await http.send('POST', '/saga/execute', { order_id: 'o-1', quantity: 1 });
    expect(response.status).toBe(202);
    const body = await bodyOf(response);
    expect(Object.keys(body)).toEqual(['saga_id', 'order_id', 'status']);
    expect(body['order_id']).toBe('o-1');
    expect(await http.backstep.read.saga(String(body['saga_id']))).not.toBeNull();
  });

  it.each(['5s', '5000ms', '1h'])(
    'answers 200 with the settled status when wait=%s saw it',
    async (wait) => {
      const path = `/saga/execute?wait=${wait}`;
      const response = await http.send('POST', path, { order_id: `o-wait-${wait}`, quantity: 1 });
      expect(response.status).toBe(200);
      expect((await bodyOf(response))['status']).toBe('completed');
    },
  );

  it('never claims success for a saga that failed', async () => {
    const path = '/saga/execute?wait=5s';
    const response = await failing.send('POST', path, { order_id: 'o-bad', quantity: 1 });
    const body = await bodyOf(response);
    expect(body['status']).toBe('compensated');
    expect(JSON.stringify(body)).not.toContain('success');
  });

  it.each(['10', 'soon', '-1s', ''])(
    'refuses wait=%s with 400 before it starts anything',
    async (wait) => {
      const path = `/saga/execute?wait=${wait}`;
      const response = await http.send('POST', path, { order_id: 'o-never', quantity: 1 });
      expect(await problemIn(response)).toEqual([400, 'query-invalid']);
      expect(
        await http.backstep.read.listSagas({ text: 'o-never' }, { limit: 1, cursor: null }),
      ).toMatchObject({ items: [] });
    },
  );

  it('gives the same saga for the same order and body, 409 for another body', async () => {
    const order = { order_id: 'o-same', quantity: 2 };
    const first = await bodyOf(await http.send('POST', '/saga/execute', order));
    const again = await bodyOf(await http.send('POST', '/saga/execute?wait=5s', order));
    expect(again['saga_id']).toBe(first['saga_id']);
    const other = await http.send('POST', '/saga/execute', { ...order, quantity: 3 });
    expect(await problemIn(other.clone())).toEqual([409, 'conflict']);
    expect(await bodyOf(other)).toMatchObject({ detail: textLike(/choose another order id$/) });
  });
});

describe('GET /saga/status/{id}', () => {
  it('shows every step of the definition in order, with output or error', async () => {
    const id = await failing.settledOrder('o-status');
    const body = await bodyOf(await failing.send('GET', `/saga/status/${id}`));
    expect(body).toMatchObject({
      id,
      type: 'order',
      status: 'compensated',
      data: { order_id: 'o-status', quantity: 1, amount: '12.50' },
      steps: [
        {
          step_name: 'reserve',
          status: 'compensated',
          data: { receipt: 'r-1' },
          attempts: 1,
          compensation: { name: 'release', status: 'completed' },
        },
        { step_name: 'charge', status: 'failed', data: { code: 'declined' }, attempts: 1 },
      ],
    });
    expect(JSON.stringify(body['steps'])).toMatch(/"executed_at":"\d{4}-[^"]*\.\d{3}Z"/);
  });

  it('shows steps that are still ahead as pending', async () => {
    const gate = Promise.withResolvers<{ receipt: string }>();
    const slow = await openDemo({ activities: { reserve: () => gate.promise } });
    const { id } = await slow.backstep.spawn('order', { input: { orderId: 'o', quantity: 1 } });
    const { status, steps } = await bodyOf(await slow.send('GET', `/saga/status/${id}`));
    expect(status).toBe('running');
    expect(steps).toMatchObject([
      { step_name: 'reserve', status: 'running', data: null },
      { step_name: 'charge', status: 'pending', data: null, attempts: 0, executed_at: null },
    ]);
    gate.resolve({ receipt: 'r' });
    await slow.dispose();
  });

  it('is 404 for an unknown id, however strange', async () => {
    for (const id of ['nope', '%2e%2e%2f', '%00', "x'%20or%201=1", 'a'.repeat(2_000)]) {
      const response = await http.send('GET', `/saga/status/${id}`);
      expect(await problemIn(response)).toEqual([404, 'not-found']);
    }
  });
});

describe('the lists of the demo', () => {
  it('pages the sagas by cursor without loss or repetition', async () => {
    for (const index of [1, 2, 3]) await http.settledOrder(`o-page-${index}`);
    const ids: unknown[] = [];
    let cursor = '';
    do {
      const body = await bodyOf(await http.send('GET', `/saga/all?limit=2${cursor}`));
      const items = Array.isArray(body['items']) ? body['items'] : [];
      expect(items.length).toBeLessThanOrEqual(2);
      ids.push(...items.map((item: { id: string }) => item.id));
      const next = body['nextCursor'];
      cursor = typeof next === 'string' ? `&cursor=${next}` : '';
    } while (cursor !== '');
    const { total } = await bodyOf(await http.send('GET', '/saga/stats'));
    expect(ids).toHaveLength(Number(total));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it.each(['limit=0', 'limit=201', 'limit=x', 'limit=-1', 'limit=1e2', 'cursor=%F0garbage'])(
    'refuse %s',
    async (query) => {
      const response = await http.send('GET', `/saga/all?${query}`);
      expect([400, 422]).toContain(response.status);
    },
  );

  it('hand the page on and the rows out as they are', async () => {
    const pages: unknown[] = [];
    const demo = emptyDemo({
      payments: async (page) => {
        pages.push(page);
        return { items: [], nextCursor: 'next' };
      },
    });
    const own = await openDemo({ demo });
    const response = await own.send('GET', '/saga/payments?limit=7&cursor=abc');
    expect(await bodyOf(response)).toEqual({ items: [], nextCursor: 'next' });
    expect(pages).toEqual([{ limit: 7, cursor: 'abc' }]);
    for (const list of ['inventory', 'notifications', 'orders']) {
      expect((await own.send('GET', `/saga/${list}`)).status).toBe(200);
    }
    await own.dispose();
  });

  it('count the sagas by status, summing up to the total', async () => {
    const stats = await bodyOf(await failing.send('GET', '/saga/stats'));
    const { total, ...counts } = stats;
    expect(Object.keys(stats)).toEqual(
      expect.arrayContaining([
        'running',
        'completed',
        'compensating',
        'compensated',
        'compensation_failed',
      ]),
    );
    expect(Object.values(counts).reduce((sum: number, count) => sum + Number(count), 0)).toBe(
      total,
    );
  });
});
