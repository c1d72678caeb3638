/** What the fault lab's forms refuse, and how it counts a load; its buttons are in test/browser. */
import { afterEach, describe, expect, it } from 'vitest';
import { LoadGenerator } from '../../src/demo/lab/load-generator.ts';
import type { FaultControls } from '../../src/demo/lab/fault-controls.ts';
import type { OrderDemo } from '../../src/demo/order/order-demo.ts';
import { fakeLab } from './fake-lab.ts';
import { emptyDemo, openDemo } from './demo-fixture.ts';
import { declined, type HttpFixture } from '../server/http-fixture.ts';

let http: HttpFixture;
afterEach(() => http.dispose());

describe('the fault lab', () => {
  it('is not there when faults are off', async () => {
    http = await openDemo({ lab: fakeLab() });
    expect((await http.send('GET', '/faults')).status).toBe(404);
  });

  it('names what is wrong with a form', async () => {
    http = await openDemo({ faults: noFaults(), lab: fakeLab(), demo: demo() });
    expect(await post('/faults/actions/load', { total: '0', concurrency: '1' })).toEqual([
      422,
      expect.stringContaining('total must be a whole number from 1 to 5000'),
    ]);
    expect(await post('/faults/actions/scenarios/nope')).toEqual([
      404,
      expect.stringContaining('there is no such scenario; known: compensation-fails'),
    ]);
  });

  it('crashes only what somebody starts again, and not without end', async () => {
    let crashes = 0;
    const lab = fakeLab({ isKept: false });
    http = await openDemo({ faults: noFaults(), lab, demo: demo() });
    expect(await post('/faults/actions/crash')).toEqual([
      409,
      expect.stringContaining('npm start'),
    ]);
    await http.dispose();
    const kept = fakeLab({ crashesSince: async () => 4 });
    const crash = (): void => void (crashes += 1);
    http = await openDemo({ faults: noFaults(), lab: kept, demo: demo(), crash });
    expect((await post('/faults/actions/crash'))[0]).toBe(429);
    expect((await post('/faults/actions/scenarios/process-dies'))[0]).toBe(429);
    expect(crashes).toBe(0);
  });

  it('says for good that it cannot stop a provider that somebody else started', async () => {
    http = await openDemo({ faults: noFaults(), lab: fakeLab(), demo: demo() });
    expect(await post('/faults/actions/provider', { wanted: 'stopped' })).toEqual([
      409,
      expect.stringContaining('was not started by npm start'),
    ]);
  });

  it('ends the faults of an order that could not be placed', async () => {
    const mended: string[] = [];
    const lab = fakeLab({ mendOrder: (orderId) => void mended.push(orderId) });
    http = await openDemo({ faults: noFaults(), lab, demo: demo() });
    await http.backstep.stop({ within: 0 });
    expect((await post('/faults/actions/scenarios/failing-step'))[0]).toBe(503);
    expect(mended).toEqual([expect.stringMatching(/^lab-failing-step-/)]);
  });
});

describe('a load', () => {
  it('counts every order by what became of it, and ends', async () => {
    http = await openDemo({ activities: { charge: declined } });
    const { load, ended } = generator();
    load.start({ total: 12, concurrency: 5 });
    await ended;
    expect(load.figures()).toMatchObject({
      kind: 'finished',
      placed: 12,
      settled: 12,
      byStatus: { compensated: 12 },
    });
  });

  it('is one at a time, and once stopped makes room for the next', async () => {
    const gate = Promise.withResolvers<{ receipt: string }>();
    http = await openDemo({ activities: { reserve: () => gate.promise } });
    const { load } = generator();
    load.start({ total: 1_000, concurrency: 2 });
    expect(() => load.start({ total: 1, concurrency: 1 })).toThrow('a load is under way');
    load.stop();
    expect(load.figures()).toMatchObject({ kind: 'stopped', settled: 0 });
    const next = generator();
    gate.resolve({ receipt: 'r' });
    next.load.start({ total: 3, concurrency: 3 });
    await next.ended;
    expect(next.load.figures()).toMatchObject({ kind: 'finished', settled: 3 });
  });

  it('says that it could not go on', async () => {
    http = await openDemo();
    const { load, ended } = generator();
    await http.backstep.stop({ within: 0 });
    load.start({ total: 3, concurrency: 1 });
    await ended;
    expect(load.figures()).toMatchObject({ kind: 'failed', settled: 0 });
  });
});

function generator(): { load: LoadGenerator; ended: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { backstep } = http;
  const context = { backstep, logger: { error: () => {} }, nowMs: Date.now };
  return { load: new LoadGenerator(context, demo(), resolve), ended: promise };
}

function demo(): OrderDemo {
  const product = { product_id: 'laptop', name: 'Laptop', initial: 9, on_hand: 9 };
  const items = [{ ...product, reserved: 0, shipped: 0 }];
  return emptyDemo({ inventory: async () => ({ items, reservations: [] }) });
}

function noFaults(): FaultControls {
  const set = (): never => {
    throw new Error('not asked for here');
  };
  return { set, reseed() {}, clear() {}, list: () => [] };
}

async function post(path: string, form: Record<string, string> = {}): Promise<[number, string]> {
  const response = await http.app.request(path, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'hx-request': 'true' },
    body: new URLSearchParams(form).toString(),
  });
  return [response.status, (await response.text()).replaceAll(/\s+/g, ' ')];
}
