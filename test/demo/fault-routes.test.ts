/** The routes by which a program switches faults on and off. */
import { describe, expect, it } from 'vitest';
import type { FaultControls } from '../../src/demo/lab/fault-controls.ts';
import { bodyOf } from '../server/http-fixture.ts';
import { openDemo } from './demo-fixture.ts';

describe('faults', () => {
  it('are set, listed, seeded and cleared, and the process crashes when told', async () => {
    const calls: unknown[] = [];
    const fault = { failNext: 1, failureRate: 0, latencyMs: 0, mode: 'error', calls: 0, hits: 0 };
    const faults: FaultControls = {
      set(activity, settings) {
        calls.push(['set', activity, settings]);
        return { activity, ...fault };
      },
      reseed: (seed) => void calls.push(['seed', seed]),
      clear: () => void calls.push(['clear']),
      list: () => [{ activity: 'charge', ...fault }],
    };
    const own = await openDemo({ faults, crash: () => void calls.push(['crash']) });
    const set = await own.send('PUT', '/api/faults/charge', { failNext: 1 });
    expect(await bodyOf(set)).toMatchObject({ activity: 'charge', failNext: 1 });
    const { items } = await bodyOf(await own.send('GET', '/api/faults'));
    expect(items).toHaveLength(1);
    expect((await own.send('PUT', '/api/faults', { seed: 7 })).status).toBe(200);
    expect((await own.send('PUT', '/api/faults', { sed: 7 })).status).toBe(400);
    expect((await own.send('DELETE', '/api/faults')).status).toBe(204);
    await own.send('POST', '/api/faults/crash');
    expect(calls).toEqual([['set', 'charge', { failNext: 1 }], ['seed', 7], ['clear'], ['crash']]);
    await own.dispose();
  });
});
