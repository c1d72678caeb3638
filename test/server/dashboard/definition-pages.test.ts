import { afterEach, describe, expect, it } from 'vitest';
import { startServer } from '../../../src/server/listening-server.ts';
import { openFixture, type HttpFixture } from '../http-fixture.ts';
import { openSocket } from '../live/live-socket.ts';

let http: HttpFixture;
afterEach(() => http.dispose());

describe('GET /definitions', () => {
  it('lists what is registered with how many sagas run under it', async () => {
    http = await openFixture();
    await http.settledOrder('o-1');
    await http.settledOrder('o-2');
    expect(await http.backstep.read.versionCounts()).toEqual([
      { type: 'order', version: 1, underWay: 0, total: 2 },
    ]);
    const page = textOf(await pageAt('/definitions'));
    expect(page).toMatch(/order 1 newest reserve, charge 0 2 [0-9a-f]+/);
  });
});

describe('GET /definitions/{type}', () => {
  it('shows steps, budgets, the drawing, and that it compensates once that is explored', async () => {
    http = await openFixture();
    const server = await startServer(http.app, { host: '127.0.0.1', port: 0 });
    const page = await pageAt('/definitions/order');
    expect(textOf(page)).toMatch(/charge compensatable 2 attempts, 10\.0 s each refund 2 attempts/);
    expect(textOf(page)).toContain('nobody has started one yet');
    expect(page).toContain('data-state="order.forward.charge"');
    expect(await pageAt('/definitions/order?chart=whole')).toContain(
      'data-state="order.forward.charge.running"',
    );
    expect(page).not.toMatch(/ on[a-z]+="| style="|<style|hx-on|javascript:|js:/i);
    const address = server.url.replace('http', 'ws');
    const query = /hx-ws:connect="([^"]+)"/.exec(page)?.[1]?.replaceAll('&amp;', '&') ?? '';
    const client = await openSocket(`${address}${query}`);
    const isExplored = (text: string) =>
      /holds[^]*states and \d+ transitions\s+explored/.test(text);
    await client.until((texts) => texts.some(isExplored));
    client.socket.terminate();
    await server.close();
    expect(textOf(await pageAt('/definitions/order?version=1'))).toMatch(/✓ holds: every finished/);
  });

  it('is 404 for a type or version that is not registered', async () => {
    http = await openFixture();
    const unknown = await pageAt('/definitions/order?version=2', 404);
    expect(unknown).toContain('There is no version 2 of saga type order.');
    await pageAt('/definitions/nope', 404);
    await pageAt('/definitions/order?version=x', 400);
  });
});

async function pageAt(path: string, status = 200): Promise<string> {
  const response = await http.app.request(path, { headers: { accept: 'text/html' } });
  expect(response.status).toBe(status);
  return response.text();
}

/** What a person reads. */
function textOf(page: string): string {
  return page
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/ ([.,:])/g, '$1');
}
