/** What can run here, for programs and other tools. */
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createMachine } from 'xstate';
import { bodyOf, type HttpFixture, openFixture, problemIn } from '../http-fixture.ts';
import type { SagaDefinition } from '../../../src/core/define/definition.ts';
import type { Bindings } from '../../../src/host/backstep.ts';
import { forgetful } from '../../fixtures/defective-sagas/forgetful.ts';
import { registerStays } from './stay-saga.ts';

let http: HttpFixture;
beforeAll(async () => {
  http = await openFixture({ register: (backstep) => registerStays(backstep) });
});
afterAll(() => http.dispose());

const get = async (path: string) => http.send('GET', `/api/definitions${path}`);

describe('GET /api/definitions', () => {
  it('says how many run under each version', async () => {
    await http.settledOrder('a');
    await http.settledOrder('b');
    await http.backstep.spawn('stay', { input: { room: 'r1' } });
    const { items } = await bodyOf(await get(''));
    expect(items).toMatchObject([
      { type: 'order', version: 1, underWay: 0, total: 2 },
      { type: 'stay', version: 1, underWay: 1, total: 1 },
      { type: 'trip', version: 1, underWay: 0, total: 0 },
    ]);
    expect(await bodyOf(await get('/stay?version=1'))).toMatchObject({
      versions: [{ version: 1, underWay: 1, total: 1 }],
      machine: { id: 'stay' },
      explored: { isExhaustive: true },
    });
  });

  it('is 404 for a version that is not there, on every route, and 400 for none', async () => {
    for (const part of ['', '/machine', '/mermaid', '/stately']) {
      expect(await problemIn(await get(`/stay${part}?version=9`))).toEqual([404, 'not-found']);
      expect(await problemIn(await get(`/nope${part}`))).toEqual([404, 'not-found']);
      expect(await problemIn(await get(`/stay${part}?version=x`))).toEqual([400, 'query-invalid']);
    }
  });
});

describe('a definition for other tools', () => {
  it('is drawn as Mermaid, every state and transition', async () => {
    const response = await get('/stay/mermaid');
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
    const lines = (await response.text()).trimEnd().split('\n');
    expect(lines[0]).toBe('stateDiagram-v2');
    expect(lines).toContain('  state "booking" as s0');
    expect(lines).toContain('  [*] --> s0');
    expect(lines).toContain('  s0 --> s1 : bookRoom done');
    expect(lines).toContain('  s1 --> s2 : vote [isHeavy]');
    expect(lines).toContain('  s5 --> [*]');
    const known = /^ {2}(state "[^"]+" as s\d|(s\d|\[\*\]) --> (s\d|\[\*\])( : [^:]+)?)$/;
    expect(lines.slice(1).filter((line) => !known.test(line))).toEqual([]);
  });

  it('is source text that makes a machine with the same states', async () => {
    const source = await (await get('/stay/stately')).text();
    const [, json = ''] = /createMachine\((.*)\);\n$/s.exec(source) ?? [];
    const config = JSON.parse(json) as { id: string; states: Record<string, object> };
    const machine: unknown = (await bodyOf(await get('/stay/machine')))['states'];
    expect(Object.keys(createMachine(config).states)).toEqual(Object.keys(machine as object));
    expect(json).toContain('"guard": "isHeavy"');
    expect(json).not.toContain('=>');
  });
});

describe('a finding of verify', () => {
  it('is a picture of the chart with the way lit, and the page of its saga leads there', async () => {
    const flawed = await openFixture({
      register: (backstep) => backstep.register(forgetful, bindAll(forgetful)),
    });
    onTestFinished(() => flawed.dispose());
    const way = '/api/definitions/saga/ways/1';
    const pageOf = (): Response | Promise<Response> =>
      flawed.app.request('/definitions/saga', { headers: { accept: 'text/html' } });
    await pageOf(); // which begins to explore, and waits for nothing
    const answer = await flawed.app.request(way);
    expect(answer.headers.get('content-type')).toBe('image/svg+xml');
    expect(answer.headers.get('content-security-policy')).toBe(
      "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    );
    const picture = await answer.text();
    expect(picture).toContain('data-state="saga.compensated"');
    expect(picture).toMatch(/saga, version 1: error, left uncompensated/);
    const page = await flawed.app.request('/definitions/saga', {
      headers: { accept: 'text/html' },
    });
    expect(await page.text()).toContain(`href="${way}?version=1"`);
    for (const number of ['0', '2.5', '99', 'x']) {
      const none = await flawed.send('GET', `/api/definitions/saga/ways/${number}`);
      expect(await problemIn(none)).toEqual([404, 'not-found']);
    }
  });
});

/** Nobody calls them here. */
function bindAll({ activities }: SagaDefinition): Bindings {
  return { activities: Object.fromEntries(activities.map((name) => [name, () => null])) };
}

describe('a type of which only so many run at once', () => {
  it('shows its queue, and the place of each saga in it', async () => {
    const bounded = await openFixture({
      register: (backstep) => registerStays(backstep, {}, { concurrency: 1 }),
    });
    onTestFinished(() => bounded.dispose());
    const ids: string[] = [];
    for (const room of ['r1', 'r2', 'r3']) {
      ids.push((await bounded.backstep.spawn('stay', { input: { room } })).id);
    }
    const definition = await bodyOf(await bounded.send('GET', '/api/definitions/stay'));
    expect(definition).toMatchObject({ queue: { limit: 1, active: 1, queued: 2 } });
    const last = await bodyOf(await bounded.send('GET', `/api/sagas/${ids[2]}`));
    expect(last).toMatchObject({ status: 'waiting', pendingStart: { position: 2 } });
    expect(await bodyOf(await bounded.send('GET', '/api/definitions/order'))).toMatchObject({
      queue: null,
    });
  });
});
