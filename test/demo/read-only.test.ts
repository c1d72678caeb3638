/** What the demo's pages offer on a read-only server: everything to look at, nothing to order. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FaultControls } from '../../src/demo/lab/fault-controls.ts';
import { fakeLab } from './fake-lab.ts';
import { openDemo } from './demo-fixture.ts';
import { declined, type HttpFixture } from '../server/http-fixture.ts';

const TOKEN = '0123456789abcdef0123456789abcdef';
const HEADERS = { accept: 'text/html', authorization: `Bearer ${TOKEN}` };

let http: HttpFixture;
let stuck: string;
beforeEach(async () => {
  http = await openDemo({
    security: { allowedHosts: ['localhost'], token: TOKEN, isReadOnly: true },
    activities: { charge: declined, release: declined },
    faults: noFaults(),
    lab: fakeLab(),
  });
  stuck = await http.settledOrder('stuck');
});
afterEach(() => http.dispose());

describe('the pages of a read-only server', () => {
  it.each(['/', '/saga', '/services', '/faults', 'its order'])(
    '%s says that it is one, and has no form that the server would refuse',
    async (path) => {
      const page = await pageAt(path === 'its order' ? `/saga?id=${stuck}` : path);
      expect(page).toContain('Read only:');
      const posts = [...page.matchAll(/<form[^>]*method="post"[^>]*>/g)].map(([form]) => form);
      expect(posts).toEqual([expect.stringContaining('action="/logout"')]);
      expect(page).not.toContain('hx-post');
    },
  );
});

async function pageAt(path: string): Promise<string> {
  const response = await http.app.request(path, { headers: HEADERS });
  expect(response.status).toBe(200);
  return response.text();
}

function noFaults(): FaultControls {
  const none = { activity: '', mode: 'error', failNext: 0, failureRate: 0, latencyMs: 0 };
  const fault = { ...none, calls: 0, hits: 0 };
  return { set: () => fault, reseed() {}, clear() {}, list: () => [] };
}
