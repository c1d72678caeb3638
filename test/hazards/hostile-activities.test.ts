/** Activities, results and stored states that keep to no rule: each harms its own saga at most. */
import { pathToFileURL, fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { exponential } from '../../src/core/retry-policy.ts';
import { defineSaga } from '../../src/core/define/saga.ts';
import { orderOf } from '../e2e/order-books.ts';
import { siteFor } from '../e2e/site.ts';
import { EngineHarness } from '../runtime/engine-harness.ts';

type Acts = Record<'act' | 'undo', (input: string) => string>;

const CARELESS = fileURLToPath(new URL('./careless-code.ts', import.meta.url));
const HUGE_CHARS = 30_000_000;
const PATIENCE_MS = 10_000;

const input = (view: { readonly input: string }): string => view.input;
const retry = exponential({ first: '1ms', factor: 1, max: '1ms', attempts: 1, jitter: 'none' });
const saga = defineSaga({ id: 'hostile', input: z.string(), activities: {} as Acts })
  .step('act', { input, retry, compensate: { activity: 'undo', input, retry } })
  .build();

const cycle: Record<string, unknown> = { code: 7 };
cycle['cause'] = cycle;
const cyclicError = new Error('in circles');
cyclicError.cause = cyclicError;
const trap = new Proxy({}, { get: () => raise(new Error('do not touch')) });

const raise = (thrown: unknown): never => {
  // oxlint-disable-next-line typescript/only-throw-error -- this is what is tried here
  throw thrown;
};

let engine: EngineHarness<Acts>;
beforeEach(() => void (engine = new EngineHarness(saga, { onDisk: true })));
afterEach(() => engine.dispose());

const echo = (text: string): string => text;
const start = async (text: string): Promise<string> =>
  (await engine.backstep.spawn('hostile', { input: text })).id;

describe('an activity that throws', () => {
  test.each([
    ['undefined', undefined],
    ['null', null],
    ['a string', 'just words'],
    ['a number', Number.NaN],
    ['a symbol', Symbol('odd')],
    ['an object with a cycle', cycle],
    ['an error with a cycle', cyclicError],
    ['an object that must not be touched', trap],
    ['a function', echo],
  ])('%s, at once or later, is a failed step with a reason in words', async (_, thrown) => {
    const act = (text: string): string => {
      if (text === 'sound') return text;
      if (text === 'at once') return raise(thrown);
      return Promise.reject(thrown) as never;
    };
    const backstep = await engine.open({ act, undo: echo });
    const hostile = await Promise.all(['at once', 'later'].map(start));
    const sound = await start('sound');
    expect((await backstep.saga(sound).settled({ within: PATIENCE_MS })).status).toBe('completed');
    for (const id of hostile) {
      expect((await backstep.saga(id).settled({ within: PATIENCE_MS })).status).toBe('compensated');
      const failed = (await backstep.saga(id).state())?.steps[0];
      expect(JSON.stringify(failed)).toMatch(/"message":"[^"]+"/);
    }
  });
});

test('an activity that settles twice is heard once', async () => {
  const twice = new Promise<string>((resolve, reject) => {
    resolve('first');
    resolve('second');
    reject(new Error('third'));
  });
  const backstep = await engine.open({ act: () => twice, undo: echo });
  const id = await start('twice');
  expect((await backstep.saga(id).settled({ within: PATIENCE_MS })).status).toBe('completed');
  const { items } = await backstep.read.transitions(id, { limit: 50, cursor: null });
  expect(items.map(({ kind, cause }) => `${kind} ${cause}`)).toEqual([
    'transition start',
    'transition result',
  ]);
});

test('a result of many megabytes harms only its own saga', async () => {
  const act = (text: string): string => (text === 'huge' ? 'x'.repeat(HUGE_CHARS) : text);
  const backstep = await engine.open({ act, undo: echo });
  const [huge, sound] = await Promise.all(['huge', 'sound'].map(start));
  expect((await backstep.saga(sound ?? '').settled({ within: PATIENCE_MS })).status).toBe(
    'completed',
  );
  expect((await backstep.saga(huge ?? '').settled({ within: PATIENCE_MS })).status).not.toBe(
    'completed',
  );
});

test('garbage instead of a snapshot parks that saga and lets the others go on', async () => {
  const garbage = [
    '',
    'null',
    '[]',
    '{}',
    '7',
    '{"machine":',
    '{"machine":null}',
    `{"a":${'['.repeat(9_999)}`,
    '{"machine":{"status":"done","value":"nowhere","context":null},"steps":[]}',
    '\u0000\uffff',
  ];
  const never = (): never => new Promise(() => {}) as never;
  await engine.open({ act: never, undo: echo });
  const damaged = await Promise.all(garbage.map((_, index) => start(`damaged ${index}`)));
  const sound = await start('sound');
  await engine.stop();
  const db = new Database(engine.database);
  const overwrite = db.prepare('UPDATE sagas SET state = ? WHERE id = ?');
  for (const [index, text] of garbage.entries()) overwrite.run(text, damaged[index]);
  db.close();

  const backstep = await engine.open({ act: echo, undo: echo });
  expect((await backstep.saga(sound).settled({ within: PATIENCE_MS })).status).toBe('completed');
  for (const id of damaged)
    expect((await backstep.saga(id).settled({ within: PATIENCE_MS })).status).toBe('parked');
});

test('a rejection that nobody handles is logged, and the server goes on', async () => {
  const site = await siteFor(onTestFinished);
  await site.provide();
  const options = { NODE_OPTIONS: `--import=${pathToFileURL(CARELESS).href}` };
  const server = await site.serve(options);
  server.signal('SIGUSR2');
  await server.line(/careless: nobody waits for me/);
  expect((await site.order(orderOf(1), '30s')).body.status).toBe('completed');
});
