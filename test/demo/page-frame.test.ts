import { afterEach, describe, expect, it } from 'vitest';
import type { FaultControls } from '../../src/demo/lab/fault-controls.ts';
import { fakeLab } from './fake-lab.ts';
import { openDemo } from './demo-fixture.ts';
import type { HttpFixture } from '../server/http-fixture.ts';

const BROWSER = { accept: 'text/html,application/xhtml+xml' };

let http: HttpFixture;
afterEach(() => http.dispose());

describe('the frame of a page', () => {
  it('leads to every page and says which one is shown', async () => {
    http = await openDemo({ faults: faultsOf(0) });
    const page = await pageAt('/saga');
    const links = [...page.matchAll(/<a href="([^"]+)" (aria-current="page")?\s*>/g)];
    expect(links.map(([, path]) => path)).toEqual([
      '/',
      '/sagas',
      '/dead-letters',
      '/alerts',
      '/definitions',
      '/saga',
      '/services',
      '/faults',
      '/performance',
      '/inspector',
      '/debug',
      '/guide',
    ]);
    expect(links.filter(([, , current]) => current !== undefined)).toHaveLength(1);
    expect(page).toMatch(/<a href="\/saga" aria-current="page"\s*>Orders<\/a>/);
  });

  it('says on every page which faults are on, and nothing when there are none left', async () => {
    http = await openDemo({ faults: faultsOf(2) });
    expect(await pageAt('/saga')).toMatch(
      /Broken on purpose:[^]*<code>charge<\/code> next 2: never/,
    );
    await http.dispose();
    http = await openDemo({ faults: faultsOf(0) });
    expect(await pageAt('/saga')).not.toContain('Broken on purpose');
  });

  it('counts a payment provider that is stopped among the faults', async () => {
    const provider = { isRunning: async () => false, start() {}, stop() {} };
    http = await openDemo({ faults: faultsOf(0), lab: fakeLab({ provider }) });
    expect(await pageAt('/sagas')).toMatch(
      /Broken on purpose:<\/strong>\s*<span class="fault">the payment provider is stopped</,
    );
    const lab = await pageAt('/faults');
    expect(lab).toMatch(/<ul class="counts active-faults">[^]*the payment provider is stopped/);
    await http.dispose();
    http = await openDemo({ faults: faultsOf(2), lab: fakeLab({ provider }) });
    expect(await pageAt('/sagas')).toContain('<span class="fault-count">2 faults</span>');
  });
});

async function pageAt(path: string, status = 200): Promise<string> {
  const response = await http.app.request(path, { headers: BROWSER });
  expect(response.status).toBe(status);
  expect(response.headers.get('content-type')).toMatch(/^text\/html/);
  return response.text();
}

function faultsOf(failNext: number): FaultControls {
  const figures = { failureRate: 0, latencyMs: 0, calls: 3, hits: 1 };
  const fault = { activity: 'charge', mode: 'hang', failNext, ...figures };
  return { set: () => fault, reseed() {}, clear() {}, list: () => [fault] };
}
