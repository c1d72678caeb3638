/** Misspelt, misplaced and missing: what the engine is given is refused with place and cure. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { emit, setup } from 'xstate';
import { durable } from '../../src/core/define/durable.ts';
import { defineSaga } from '../../src/core/define/saga.ts';
import type { Backstep } from '../../src/host/backstep.ts';
import { openBackstep } from '../../src/runtime/open-backstep.ts';
import { EngineHarness } from './engine-harness.ts';

type Calls = Record<'book' | 'cancel', (input: null) => null>;

const input = (): null => null;
const stay = (id = 'stay') =>
  defineSaga({ id, input: z.any(), activities: {} as Calls })
    .step('book', { input, compensate: { activity: 'cancel', input } })
    .wait('approval', { on: { approve: 'continue' }, within: '1d' });
const activities = { book: () => null, cancel: () => null };

/** A call as plain JavaScript makes it. */
type Loose = (...given: readonly unknown[]) => unknown;
const loose = (call: unknown): Loose => call as Loose;

const refusal = (code: string, message: string | RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) as unknown }) as Error;

describe('openBackstep refuses', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'backstep-refused-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test.each([
    [undefined, /what was given is undefined; give an object with database/],
    ['x.db', /what was given is "x.db"; give an object with database/],
    [{ database: undefined }, /database is missing; give the path of a file/],
    [{ databse: 'x' }, /databse is not known \(did you mean "database"\?\)/],
    [{ keepEndedFor: 'x' }, /keepEndedFor is "x"; give a duration such as/],
    [{ keepEndedForr: '1d' }, /did you mean "keepEndedFor"\?/],
    [{ limits: { busySagas: -1 } }, /limits.busySagas is -1; give a whole number from 1/],
    [{ limits: { busySags: 1 } }, /limits.busySags is not known \(did you mean "busySagas"\?\)/],
    [{ logger: { info() {} } }, /logger has no function debug, warn, .*; give a pino logger/],
    [{ clock: {} }, /clock has no function nowMs, after; give a clock/],
    [{ verifyAtRegistration: 'wran' }, /\(did you mean "warn"\?\); give warn, refuse or off/],
    [{ label: 'a' }, /label means nothing for this database: a file has one process/],
    [{ label: '' }, /label is .*; give a text of 1 to 255 visible characters/],
    [{ label: 'a\0' }, /label is .*; give a text of 1 to 255 visible characters/],
    [{ takeOver: {} }, /takeOver means nothing for this database: a file has one process/],
    [{ takeOver: { deadAfter: 'x' } }, /takeOver.deadAfter is "x"; give a duration such as/],
    [{ takeOver: { deadAfte: '1s' } }, /deadAfte is not known \(did you mean "deadAfter"\?\)/],
    [{ lockWaitMs: '5s' }, /lockWaitMs is "5s"; give a whole number from 0/],
  ])('%j, and leaves nothing behind', async (options, message) => {
    const given =
      typeof options === 'object' && !('database' in options) && !('databse' in options)
        ? { database: join(folder, 'a.db'), ...options }
        : options;
    await expect(loose(openBackstep)(given)).rejects.toThrow(refusal('input-invalid', message));
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a folder of migrations that is not there, and leaves nothing behind', async () => {
    const options = { database: join(folder, 'a.db'), migrationsFolder: join(folder, 'no') };
    await expect(openBackstep(options)).rejects.toThrow('the migrations cannot be read');
    expect(readdirSync(folder)).toEqual([]);
  });

  test('and can be called again with the right ones', async () => {
    const database = join(folder, 'a.db');
    await expect(loose(openBackstep)({ database, kye: 1 })).rejects.toThrow('kye is not known');
    const backstep = await openBackstep({ database, lockWaitMs: 0 });
    expect(existsSync(database)).toBe(true);
    await backstep.stop({ within: 0 });
  });
});

let engine: EngineHarness<Calls>;
let backstep: Backstep;
let id: string;
const logged: unknown[] = [];

// One engine for all: what is refused leaves it as it was.
beforeAll(async () => {
  engine = new EngineHarness(stay().build());
  const log = (details: object): void => void logged.push(details);
  const ignore = (): void => {};
  const logger = { debug: ignore, info: ignore, warn: ignore, error: log, fatal: log };
  backstep = await engine.open(activities, {
    logger: { ...logger, isLevelEnabled: (level) => level === 'error' },
  });
  ({ id } = await backstep.spawn('stay', { input: null }));
  await engine.seen(({ sagaId, status }) => sagaId === id && status === 'waiting');
});
afterAll(() => engine.dispose());

describe('register refuses', () => {
  const machine = (event: unknown) =>
    setup({ actions: { tell: emit(event as { type: string }) } }).createMachine({
      id: 'm',
      entry: 'tell',
    });

  test.each([
    ['a draft', [stay('x'), { activities }], /a draft that is not built yet; call .build\(\)/],
    ['a bare machine', [machine({}), { activities }], /bare machine; make it durable\(machine\)/],
    ['anything else', [{ id: 'x' }, { activities }], /give what .build\(\) or durable/],
    ['no bindings', [stay('x').build()], /saga "x" calls .*book.* but no implementation was given/],
    ['no activities', [stay('x').build(), {}], /saga "x" calls .*book.* but no implementation/],
    ['odd bindings', [stay('x').build(), 5], /register of "x": what was given is 5; give/],
    [
      'an activity that is none',
      [stay('x').build(), { activities: { ...activities, book: 'x' } }],
      /activities.book is "x"; give a function, or an object with kind and plan/,
    ],
    [
      'a misspelt activity',
      [stay('x').build(), { activities: { bok: input, cancel: input } }],
      /"x" calls book but no implementation was given; .*did you mean "bok"\?/,
    ],
    [
      'a misspelt binding',
      [stay('x').build(), { activities, subscriber: {} }],
      /subscriber is not known \(did you mean "subscribers"\?\)/,
    ],
    [
      'a subscriber that is none',
      [durable(machine({ type: 'told' })), { activities: {}, subscribers: { told: 'mail' } }],
      /subscribers.told is "mail"; give a function/,
    ],
    [
      'a misspelt concurrency',
      [stay('x').build(), { activities, concurrency: { limt: 2 } }],
      /concurrency.limt is not known \(did you mean "limit"\?\)/,
    ],
  ] as const)('%s', (_, given, message) => {
    expect(() => loose(backstep.register)(...given)).toThrow(
      refusal('definition-invalid', message),
    );
  });
});

describe('spawn refuses', () => {
  test.each([
    [[undefined, { input: 1 }], /spawn, the type: what was given is undefined; give the name/],
    [['stay'], /spawn of "stay": what was given is undefined; give an object with input/],
    [['stay', { input: 1, kye: 'a' }], /kye is not known \(did you mean "key"\?\)/],
    [['stay', { input: 1, key: 5 }], /key is 5; give a text of 1 to 255 whole characters/],
    [['stay', { input: 1, key: '' }], /key is ""; give a text/],
    [['stay', { input: 1, key: 'k'.repeat(10_000) }], /key is "k+…"; give a text of 1 to 255/],
    [['stay', { input: 1, key: 'a\ud800' }], /key is ".*"; give a text of 1 to 255 whole/],
    [['stay', { input: 1, key: {} }], /key is an empty object; give a text/],
    [['stay', { input: 1, startAt: '2030-01-01' }], /startAt is "2030-01-01"; give a Date or/],
    [['stay', { input: 1, delay: {} }], /delay is an empty object; give a duration such as/],
    [['stay', { input: 1, delay: 'soon' }], /delay is not a duration/],
  ])('%j', async (given, message) => {
    await expect(loose(backstep.spawn)(...given)).rejects.toThrow(
      refusal('input-invalid', message),
    );
  });

  test('a misspelt type, with the nearest one', async () => {
    await expect(backstep.spawn('sty', { input: 1 })).rejects.toThrow(
      /^no saga type "sty"; registered: stay.* \(did you mean "stay"\?\)$/,
    );
  });

  test('no key of 255 characters, which two starts share', async () => {
    const options = { input: 1, key: 'ü'.repeat(255) };
    const first = await backstep.spawn('stay', options);
    expect((await backstep.spawn('stay', options)).id).toBe(first.id);
  });
});

describe('with a saga that waits', () => {
  test.each([
    ['send', ['GO'], /what was given is "GO"; give an event such as \{ type: "GO" \}/],
    ['send', [{}], /type is missing; give an event such as/],
    ['send', [null], /what was given is null; give an event/],
    ['send', [{ type: 5 }], /type is 5; give a text/],
    ['send', [{ type: 'a\ud800' }], /type is ".*"; give a text of 1 to 255 whole characters/],
    ['send', [{ type: 'approve' }, { eventID: 'x' }], /did you mean "eventId"\?/],
    ['send', [{ type: 'approve' }, 5], /options of send: what was given is 5; give an object/],
    ['command', ['cancel'], /what was given is "cancel"; give a command such as/],
    ['command', [{}], /name is missing; give retry, skip/],
    ['command', [{ name: 'cancle' }], /name is "cancle" \(did you mean "cancel"\?\); give retry/],
    ['command', [{ name: 'cancel', resaon: 'x' }], /did you mean "reason"\?/],
    ['command', [{ name: 'cancel' }, 3], /options of command: what was given is 3; give an obj/],
    ['command', [{ name: 'cancel' }, { expectedVersion: 'x' }], /expectedVersion is "x"; give a/],
    ['settled', [10_000], /options of settled: what was given is 10000; give an object/],
    ['settled', [{ within: -5 }], /within is -5; give a duration such as/],
    ['settled', [{ within: 'soon' }], /within is "soon"; give a duration such as/],
    ['waitFor', ['completed'], /waitFor: what was given is "completed"; give a function/],
    ['waitFor', [() => true, { wihtin: 1 }], /did you mean "within"\?/],
  ] as const)('%s refuses %j, and nothing happens', async (name, given, message) => {
    const saga = backstep.saga(id);
    await expect(loose(saga[name].bind(saga))(...given)).rejects.toThrow(
      refusal('input-invalid', message),
    );
    expect((await saga.state())?.seq).toBe(2);
  });

  test.each([
    [[], /saga, the id: what was given is undefined; give the id of a saga/],
    [[5], /saga, the id: what was given is 5; give the id of a saga/],
    [[stay().build()], /saga, the id: what was given is undefined; give the id of a saga/],
    [[stay(), 'x'], /the saga that was given: what was given is a draft that is not built yet/],
  ])('a handle is refused of %j', (given, message) => {
    expect(() => loose(backstep.saga)(...given)).toThrow(refusal('input-invalid', message));
  });
});

describe('a list refuses', () => {
  const page = { limit: 10, cursor: null };

  test.each([
    [[{ status: 'failed' }, page], /status is "failed"; give a list of statuses/],
    [[{ status: ['done'] }, page], /status.0 is "done"; give running, waiting/],
    [[{ status: ['complete'] }, page], /did you mean "completed"\?/],
    [[{ stauts: ['failed'] }, page], /stauts is not known \(did you mean "status"\?\)/],
    [[{}], /what was given is undefined; give an object with limit and cursor/],
    [[{}, { limit: 10 }], /cursor is missing; give null for the first page/],
    [[{}, { limit: 1_000, cursor: null }], /the limit must be a whole number from 1 to 200/],
  ])('%j', async (given, message) => {
    await expect(loose(backstep.read.listSagas)(...given)).rejects.toThrow(
      refusal('input-invalid', message),
    );
  });

  test('an unknown filter when it counts, too', async () => {
    await expect(loose(backstep.read.countSagas)({ typ: 'stay' })).rejects.toThrow('"type"');
    await expect(loose(backstep.read.sagaIds)({ typ: 'stay' }, 5)).rejects.toThrow('"type"');
  });
});

test('a listener that throws, now or later, stops nothing and is logged', async () => {
  backstep.subscribe(() => {
    throw new Error('listener boo');
  });
  loose(backstep.subscribe)(() => Promise.reject(new Error('late boo')));
  expect(() => loose(backstep.subscribe)('x')).toThrow('subscribe: what was given is "x"; give a');
  expect((await backstep.saga(id).send({ type: 'approve' })).status).toBe('completed');
  await new Promise(setImmediate);
  const told = logged.map((details) => (details as { err: { message: string } }).err.message);
  expect(told).toEqual(['listener boo', 'late boo']);
});

test.each([
  ['10s', /^stop: what was given is "10s"; give an object with within$/],
  [{ within: -1 }, /^stop: within is -1; give a duration such as/],
])('stop refuses %j', async (given, message) => {
  await expect(loose(backstep.stop)(given)).rejects.toThrow(refusal('input-invalid', message));
  expect(backstep.health().kind).toBe('ready');
});

test('an engine that was not started takes nothing, and says what is missing', async () => {
  const other = new EngineHarness(stay().build());
  const bare = await other.openBare();
  bare.register(stay().build(), { activities });
  const early = bare.spawn('stay', { input: null });
  await expect(early).rejects.toThrow(refusal('unavailable', /^start\(\) has not resolved yet/));
  await bare.stop({ within: 0 });
  await other.dispose();
});
