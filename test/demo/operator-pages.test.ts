/** The pages over all sagas, as the server renders them. */
import { afterEach, describe, expect, it } from 'vitest';
import { PermanentError } from '../../src/core/failure.ts';
import { hostileDemo, hostileFaults, SCRIPT } from './hostile-demo.ts';
import { emptyDemo, openDemo } from './demo-fixture.ts';
import { declined, type HttpFixture } from '../server/http-fixture.ts';

const PATHS = ['/', '/sagas', '/dead-letters', '/services'];
const PAGE_TEXT = { headers: { accept: 'text/html' } };

let http: HttpFixture;
afterEach(() => http.dispose());

async function textOf(path: string): Promise<string> {
  const response = await http.app.request(path, PAGE_TEXT);
  expect(response.status).toBe(200);
  return response.text();
}

describe.each(PATHS)('%s', (path) => {
  it('shows everything without script, and nothing that the CSP forbids', async () => {
    http = await openDemo({ activities: { charge: declined } });
    await http.settledOrder('o-1');
    const page = await textOf(path);
    expect(page).toMatch(/<h1>[A-Z]/);
    expect(page).not.toMatch(/ on[a-z]+="| style="|<style|hx-on|javascript:|js:/i);
  });

  it('escapes script in every text', async () => {
    const fail = () => {
      throw new PermanentError('x', SCRIPT);
    };
    http = await openDemo({
      demo: hostileDemo(),
      faults: hostileFaults(),
      activities: { charge: fail, release: fail },
    });
    const input = { orderId: SCRIPT, quantity: 1 };
    const { id } = await http.backstep.spawn('order', { input, key: SCRIPT });
    await http.backstep.saga(id).settled({ within: 10_000 });
    const page = await textOf(path);
    expect(page).toContain('&lt;script&gt;');
    expect(page).not.toContain('<script>alert');
    expect(page).not.toContain('<img');
  });

  it('is there without the order demo, and says what is missing', async () => {
    http = await openDemo({ demo: null });
    expect(await textOf(path)).not.toContain('Create 10 orders');
  });
});

describe('GET /', () => {
  it('makes orders up: a note for the script, the way back without', async () => {
    const products = [
      { product_id: 'p', name: 'P', initial: 1, on_hand: 1, reserved: 0, shipped: 0 },
    ];
    let parsed = 0;
    const demo = emptyDemo({
      inventory: async () => ({ items: products, reservations: [] }),
      parseOrder: async (body) => {
        parsed += 1;
        const orderId = String(body['order_id']);
        return { input: { orderId, quantity: body['quantity'] }, key: orderId };
      },
    });
    http = await openDemo({ demo });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const send = (body: string, more: object = {}) =>
      http.app.request('/saga/actions/order-batch', {
        method: 'POST',
        body,
        headers: { ...headers, ...more },
      });
    const byScript = await send('count=3', { 'hx-request': 'true' });
    expect(await byScript.text()).toContain('3 orders are on the way');
    const plain = await send('count=1');
    expect([plain.status, plain.headers.get('location')]).toEqual([303, '/']);
    expect(parsed).toBe(4);
    expect(await http.backstep.read.countSagas({})).toBe(4);
    expect((await send('count=101')).status).toBe(422);
    expect((await send('count=-1')).status).toBe(422);
  });
});

describe('GET /services', () => {
  it('says what was compared, money in its currency, and what differs where it does', async () => {
    const side = (name: string, expected: number, actual: number, unit: 'pieces' | 'money') => ({
      name,
      expected,
      actual,
      unit,
      currency: unit === 'money' ? 'EUR' : null,
      statement: `${unit} add up${expected === actual ? '' : ' not'}`,
      holds: expected === actual,
      isExactAtRestOnly: false,
    });
    const invariants = async () => [
      side('sales', 152_750, 152_750, 'money'),
      side('refunds', 152_750, 114_390, 'money'),
      side('stock-phone', 10_000, 10_000, 'pieces'),
      side('stock-tablet', 10_000, 10_000, 'pieces'),
    ];
    http = await openDemo({ demo: emptyDemo({ invariants }) });
    // A first look does not wait for them long.
    const pageNow = () => textOf('/services');
    await expect.poll(pageNow, { timeout: 10_000 }).toContain('€1,527.50 on both sides');
    const page = await pageNow();
    expect(page).toContain('refunds: €1,527.50 expected, €1,143.90 found');
    expect(page).toContain('for all 2');
  });
});
