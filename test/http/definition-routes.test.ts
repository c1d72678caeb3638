/** What can run here, for programs and other tools. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMachine } from 'xstate';
import { bodyOf, type HttpFixture, openFixture, problemIn } from './http-fixture.ts';
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
