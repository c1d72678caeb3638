/** Activities in threads: what they are told and give back, and how they end. */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import type { Activities, ActivityContext } from '../../../src/core/activity.ts';
import { defineSaga } from '../../../src/core/define/saga.ts';
import { NO_RETRY } from '../../../src/core/retry-policy.ts';
import { toFailure } from '../../../src/core/failure.ts';
import type { Backstep } from '../../../src/host/backstep.ts';
import { systemClock } from '../../../src/host/clock.ts';
import { DEFAULT_LIMITS } from '../../../src/host/limits.ts';
import { inThread, threads } from '../../../src/host/threads/in-thread.ts';
import { AttemptDesk } from '../../../src/restate/attempt-desk.ts';
import { openBackstep } from '../../../src/runtime/open-backstep.ts';

interface Work {
  work(input: { folder: string }): unknown;
  quick(input: { folder: string }): unknown;
}

const input = (view: { readonly input: { folder: string } }) => view.input;
const define = (id: 'slow' | 'fast', activity: keyof Work, timeout: '60s' | '50ms' = '60s') =>
  defineSaga({ id, input: z.object({ folder: z.string() }), activities: {} as Work })
    .step('work', { activity, input, kind: 'read-only', timeout, retry: NO_RETRY })
    .build();

const module = new URL('./thread-activities.ts', import.meta.url);
const pool = threads(2);
const ofModule = (name: string) =>
  inThread<{ folder: string }, unknown>(module, { export: name, threads: pool });

let folder: string;
let engine: Backstep | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'backstep-threads-'));
});

afterEach(async () => {
  await engine?.stop({ within: 0 });
  engine = undefined;
  rmSync(folder, { recursive: true });
});

/** An engine that is started, with `slow` sagas whose step is that activity. */
async function running(work: Activities<Work>['work'], timeout?: '50ms'): Promise<Backstep> {
  const database = join(folder, 'x.db');
  engine = await openBackstep({ database, verifyAtRegistration: 'off' });
  const activities = { work, quick: () => null };
  engine.register(define('slow', 'work', timeout), { activities });
  engine.register(define('fast', 'quick'), { activities });
  await engine.start();
  return engine;
}

/** Until so many files of that beginning are there. */
async function files(beginning: string, count: number): Promise<void> {
  const found = () => readdirSync(folder).filter((name) => name.startsWith(beginning)).length;
  while (found() < count) await new Promise(setImmediate);
}

const contextOf = (signal = new AbortController().signal): ActivityContext => ({
  key: 's/pay/forward/1',
  forwardKey: null,
  sagaId: 's',
  step: 'pay',
  attempt: 2,
  nowMs: 1,
  late: null,
  heartbeat: () => {},
  signal,
  traceparent: null,
});

test('an activity in a thread has its input, key and step, and its answer comes back', async () => {
  const activity = inThread<{ text: string }, unknown>(module, { threads: pool });
  const answer = await activity({ text: 'hello' }, contextOf());
  const told = { key: 's/pay/forward/1', step: 'pay', attempt: 2 };
  expect(answer).toEqual({ text: 'HELLO', ...told, isMain: false });
});

test('what it throws keeps its name, message, code and members, and what it means', async () => {
  const fails = inThread<{ how: string }, unknown>(module, { export: 'fails', threads: pool });
  const thrownBy = async (how: string): Promise<unknown> => {
    try {
      return await fails({ how }, contextOf());
    } catch (thrown) {
      return thrown;
    }
  };
  const failureBy = async (how: string) => toFailure(await thrownBy(how));
  const refused = { code: 'refused', message: 'not this card' };
  expect(await failureBy('permanent')).toEqual({ ...refused, retryable: false, ambiguous: false });
  const busy = { code: 'busy', message: 'try again' };
  expect(await failureBy('transient')).toEqual({ ...busy, retryable: true, ambiguous: false });
  const own = await thrownBy('own');
  expect(own).toBeInstanceOf(Error);
  expect(own).toMatchObject({ name: 'RangeError', message: 'too far', code: 'E_FAR', status: 503 });
  expect(toFailure(own)).toMatchObject({ code: 'E_FAR', retryable: true, ambiguous: true });
  expect(await thrownBy('value')).toBe('plain text');
  expect(await failureBy('function')).toMatchObject({ ambiguous: true });
  const missing = inThread<object, unknown>(module, { export: 'missing', threads: pool });
  await expect(missing({}, contextOf())).rejects.toMatchObject({ code: 'definition-invalid' });
});

test('a thread that ends by itself is a failure that may have happened; the next has another', async () => {
  const crash = toFailure(
    await ofModule('crash')({ folder }, contextOf()).catch((e: unknown) => e),
  );
  expect(crash).toMatchObject({ code: 'thread-crashed', retryable: true, ambiguous: true });
  writeFileSync(join(folder, 'go'), '');
  expect(await ofModule('busy')({ folder }, contextOf())).toEqual({ isDone: true });
});

test('a busy activity holds no turn of another saga', async () => {
  const backstep = await running(ofModule('busy'));
  const slow = await backstep.spawn('slow', { input: { folder } });
  await files('begun', 1);
  const others = Array.from({ length: 50 }, async () => {
    const { id } = await backstep.spawn('fast', { input: { folder } });
    return (await backstep.saga(id).settled()).status;
  });
  expect(new Set(await Promise.all(others))).toEqual(new Set(['completed']));
  expect((await backstep.saga(slow.id).state())?.status).toBe('running');
  writeFileSync(join(folder, 'go'), '');
  expect((await backstep.saga(slow.id).settled()).status).toBe('completed');
});

test('no more run at once than there are threads; the others wait', async () => {
  const busy = ofModule('busy');
  const keys = ['a', 'b', 'c', 'd', 'e'];
  const all = keys.map((key) => busy({ folder }, { ...contextOf(), key }));
  await files('begun', 2);
  for (let turn = 0; turn < 100; turn += 1) await new Promise(setImmediate);
  await files('begun', 2);
  expect(readdirSync(folder).filter((name) => name.startsWith('begun'))).toHaveLength(2);
  writeFileSync(join(folder, 'go'), '');
  expect(await Promise.all(all)).toHaveLength(5);
});

test('a time-out reaches the thread as a signal', async () => {
  const backstep = await running(ofModule('polite'), '50ms');
  const { id } = await backstep.spawn('slow', { input: { folder } });
  expect((await backstep.saga(id).settled()).status).toBe('compensated');
  await files('heeded', 1);
});

test('an attempt that heeds nothing is ended with its thread, and a stop waits for none', async () => {
  const stopped = new AbortController();
  const ended = ofModule('deaf')({ folder }, contextOf(stopped.signal)).catch((e: unknown) => e);
  await files('begun-deaf', 1);
  stopped.abort();
  expect(await ended).toMatchObject({ code: 'thread-crashed' });

  rmSync(join(folder, 'begun-deaf'));
  const backstep = await running(ofModule('deaf'));
  await backstep.spawn('slow', { input: { folder } });
  await files('begun-deaf', 1);
  await backstep.stop({ within: 0 });
  expect(existsSync(join(folder, 'go'))).toBe(false); // the loop had no other way to end
});

test('an attempt that is given up while it waits for a thread never begins', async () => {
  const busy = [1, 2].map((nth) => ofModule('busy')({ folder }, { ...contextOf(), key: `${nth}` }));
  await files('begun', 2);
  const stopped = new AbortController();
  const waits = ofModule('polite')({ folder }, contextOf(stopped.signal)).catch(
    () => 'never begun',
  );
  stopped.abort();
  writeFileSync(join(folder, 'go'), '');
  await Promise.all(busy);
  expect(await waits).toBe('never begun');
  expect(existsSync(join(folder, 'begun-polite'))).toBe(false);
});

test('an attempt that is given up while the threads are made never begins', async () => {
  const stopped = new AbortController();
  const ended = inThread<{ folder: string }, unknown>(module, {
    export: 'deaf',
    threads: threads(1),
  })({ folder }, contextOf(stopped.signal)).catch((error: unknown) => error);
  stopped.abort(new Error('given up'));
  expect(await ended).toMatchObject({ message: 'given up' });
  expect(existsSync(join(folder, 'begun-deaf'))).toBe(false);
});

test('a worker on Restate runs them as well', async () => {
  const desk = new AttemptDesk({ clock: systemClock, limits: DEFAULT_LIMITS, lateMs: 0 });
  const run = desk.newRun();
  const effect = { kind: 'start-activity', activity: 'work', token: 1, src: 'work', step: 'work' };
  const implementation = inThread<never, unknown>(module, { threads: pool });
  const told = await desk.perform({
    run,
    sagaId: 's',
    type: 'slow',
    trace: null,
    keepsThrown: false,
    implementation,
    effect: { ...effect, input: { text: 'hi' }, key: 'k', timeout: null, attempt: 1 } as never,
  });
  const outcome = { kind: 'done', output: { text: 'HI', isMain: false } };
  expect(told.report).toMatchObject({ kind: 'result', outcome });
  await desk.drain(0);
});

test('it implements an activity of a contract without a word about its types', () => {
  const activities: Activities<Work> = { work: inThread(module), quick: ofModule('busy') };
  expect(Object.keys(activities)).toEqual(['work', 'quick']);
});

test('what is no module, no pool or no number of threads is refused', () => {
  expect(() => inThread('./resize.js')).toThrow(/module is .*; give a URL/);
  expect(() => inThread(module, { threads: { limit: 2 } })).toThrow(/threads/);
  expect(() => threads(0)).toThrow(/threads/);
});
