/** What the pages of a read-only server offer: everything to look at, nothing to order. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../src/host/turn-log.ts';
import { BulkActions } from '../../../src/host/upkeep/bulk-actions.ts';
import { declined, type HttpFixture, openFixture } from '../http-fixture.ts';
import { bulkHost } from '../../host/upkeep/bulk-host.ts';

const TOKEN = '0123456789abcdef0123456789abcdef';
const HEADERS = { accept: 'text/html', authorization: `Bearer ${TOKEN}` };

const PAGES = [
  '/',
  '/sagas',
  '/dead-letters',
  '/alerts',
  '/definitions',
  '/performance',
  '/inspector',
  '/debug',
  '/guide',
];

let http: HttpFixture;
let stuck: string;
beforeEach(async () => {
  http = await openFixture({
    security: { allowedHosts: ['localhost'], token: TOKEN, isReadOnly: true },
    activities: { charge: declined, release: declined },
  });
  stuck = await http.settledOrder('stuck');
});
afterEach(() => http.dispose());

describe('the pages of a read-only server', () => {
  it.each([...PAGES, 'the saga', 'a bulk command'])(
    '%s says that it is one, and has no form that the server would refuse',
    async (path) => {
      const page = await pageAt(await addressOf(path));
      expect(page).toContain('Read only:');
      const posts = [...page.matchAll(/<form[^>]*method="post"[^>]*>/g)].map(([form]) => form);
      expect(posts).toEqual([expect.stringContaining('action="/logout"')]);
      expect(page).not.toContain('hx-post');
    },
  );

  it('shows every command of a saga with the reason why not', async () => {
    const page = await pageAt(`/sagas/${stuck}`);
    const buttons = [...page.matchAll(/<button type="(\w+)" (disabled)?/g)];
    const commands = buttons.filter(([, type]) => type === 'button');
    expect(commands.length).toBeGreaterThan(5);
    expect(commands.every(([, , disabled]) => disabled === 'disabled')).toBe(true);
    expect(page).toContain('It would be legal now, but this server only shows.');
    expect(page).toContain('It stands still already.');
  });

  it('have rows to look at and none to choose', async () => {
    const page = await pageAt('/sagas');
    expect(page).toContain(`/sagas/${stuck}`);
    expect(page).not.toMatch(/aria-label="Choose|Act on/);
  });
});

async function addressOf(path: string): Promise<string> {
  switch (path) {
    case 'the saga':
      return `/sagas/${stuck}`;
    case 'a bulk command':
      return `/bulk/${await frozenBefore()}`;
    default:
      return path;
  }
}

/** A bulk command that was ordered before the server became read-only. */
async function frozenBefore(): Promise<number> {
  const bulk = new BulkActions(bulkHost(http.backstep), { logger: silentLogger });
  const sagas = { ids: [stuck] };
  const { id } = await bulk.freeze({ command: 'retry', by: 'test', reason: null, sagas });
  return id;
}

async function pageAt(path: string): Promise<string> {
  const response = await http.app.request(path, { headers: HEADERS });
  expect(response.status).toBe(200);
  return response.text();
}
