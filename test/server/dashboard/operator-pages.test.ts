/** The pages over all sagas, as the server renders them. */
import { afterEach, describe, expect, it } from 'vitest';
import { setup } from 'xstate';
import { durable } from '../../../src/core/define/durable.ts';
import { PermanentError } from '../../../src/core/failure.ts';
import type { Panel } from '../../../src/server/dashboard/services/panel.ts';
import { declined, openFixture, type HttpFixture } from '../http-fixture.ts';

const PAGE_TEXT = { headers: { accept: 'text/html' } };
const SCRIPT = `<script>alert('x')</script><img src=x onerror="alert(1)">`;

let http: HttpFixture;
afterEach(() => http.dispose());

async function textOf(path: string): Promise<string> {
  const response = await http.app.request(path, PAGE_TEXT);
  expect(response.status).toBe(200);
  return response.text();
}

describe.each(['/', '/sagas', '/dead-letters'])('%s', (path) => {
  it('shows everything without script, and nothing that the CSP forbids', async () => {
    http = await openFixture({ activities: { charge: declined } });
    await http.settledOrder('o-1');
    const page = await textOf(path);
    expect(page).toMatch(/<h1>[A-Z]/);
    expect(page).not.toMatch(/ on[a-z]+="| style="|<style|hx-on|javascript:|js:/i);
  });

  it('escapes script in every text', async () => {
    const fail = () => {
      throw new PermanentError('x', SCRIPT);
    };
    http = await openFixture({ activities: { charge: fail, release: fail } });
    const input = { orderId: SCRIPT, quantity: 1 };
    const { id } = await http.backstep.spawn('order', { input, key: SCRIPT });
    await http.backstep.saga(id).settled({ within: 10_000 });
    const page = await textOf(path);
    expect(page).not.toContain('<script>alert');
    expect(page).not.toContain('<img');
  });
});

describe('GET /', () => {
  it('counts what needs a person and leads to it', async () => {
    http = await openFixture({ activities: { charge: declined, release: declined } });
    await http.settledOrder('o-1');
    const page = await textOf('/');
    expect(page).toMatch(/href="\/dead-letters"\s*><b>1<\/b>/);
    expect(page).toMatch(/<b>0<\/b>[^]*running/);
    expect(page).toMatch(/The oldest\s+<a href="\/dead-letters">dead letter<\/a>/);
  });
});

describe('GET /dead-letters', () => {
  it('asks for what the version of the saga takes, whatever the newest one takes', async () => {
    http = await openFixture({ register: (backstep) => backstep.register(stuck(1), NONE) });
    const { id } = await http.backstep.spawn('stuck', { input: null });
    await http.backstep.saga(id).settled({ within: 10_000 });
    http.backstep.register(stuck(2), NONE);
    const page = await textOf('/dead-letters');
    expect(page).toContain('any of: old1');
    expect(page).not.toContain('old2');
  });
});

const NONE = { activities: {} };

/** Needs a person at once; the members that one may edit are named after the version. */
function stuck(version: number) {
  const member = `old${version}`;
  const on = { 'backstep.retry': 'given' } as const;
  return durable<Record<string, never>>(
    setup({}).createMachine({
      id: 'stuck',
      context: { [member]: 1 },
      initial: 'stuck',
      states: { stuck: { tags: ['compensation_failed'], on }, given: { type: 'final' } },
    }),
    { version, editable: [member] },
  );
}

describe('GET /services', () => {
  it('shows the panels that a program brings, page by page', async () => {
    const panel: Panel = {
      id: 'rooms',
      title: 'Hotel: rooms',
      read: async ({ cursor }) => ({
        figures: [
          { label: 'booked', value: '7' },
          { label: 'rooms = keys', value: 'holds', holds: true },
        ],
        columns: ['Booking', 'Nights', 'State', 'Since', 'Price'],
        rows: [
          [
            { kind: 'saga', id: 's-1', text: cursor ?? 'first' },
            2,
            { kind: 'state', state: 'confirmed' },
            { kind: 'time', at: null },
            { kind: 'money', amount: '1234.5', currency: 'EUR' },
          ],
        ],
        empty: 'Book one.',
        nextCursor: cursor === null ? 'n&xt' : null,
      }),
    };
    http = await openFixture({ extensions: [{ name: 'hotel', panels: [panel] }] });
    const page = await textOf('/services');
    expect(page).toContain('Hotel: rooms');
    expect(page).toContain('>first</a>');
    expect(page).toMatch(/<td class="number">€1,234.50<\/td/);
    expect(page).toMatch(/✓<\/span>\s*holds<\/span\s*>: rooms = keys/);
    expect(page).toContain('href="/services?rooms=n%26xt#title-rooms"');
    const next = await textOf('/services?rooms=n%26xt');
    expect(next).toContain('>n&amp;xt</a>');
    expect(next).toContain('/ws/page?rooms=n%26xt&amp;page=%2Fservices');
    expect(next).toContain('Newest');
  });
});
