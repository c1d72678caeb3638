/** What user code gives and gets, before and after a restart; and outputs that no state can hold. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { transactional } from '../../src/core/activity.ts';
import { defineSaga } from '../../src/core/define/saga.ts';
import { EngineHarness } from './engine-harness.ts';

type Value = Readonly<Record<string, unknown>>;
type Calls = Record<'book' | 'unbook' | 'pay', (input: Value) => unknown>;

const Note = z.object({ note: z.string().optional() });

/** Whether a mapper sees the member, wherever it looks. */
const seen = (value: unknown): boolean => 'note' in (value as Value);

const staySaga = defineSaga({ id: 'stay', input: Note, activities: {} as Calls })
  .step('book', {
    input: ({ input }) => ({ note: input.note, input: seen(input) }),
    compensate: {
      activity: 'unbook',
      input: ({ input, results }) => ({
        note: undefined,
        seen: [seen(input), seen(results.book ?? {})],
      }),
    },
  })
  .wait('approval', { on: { approve: 'continue', reject: 'compensate' }, within: '1d' })
  .step('pay', {
    kind: 'pivot',
    input: ({ input, results: { book, approval } }) => ({
      note: input.note,
      seen: [seen(input), seen(book), approval.kind === 'event' && seen(approval.event)],
    }),
  })
  .emitOnCompleted(({ input }) => ({ type: 'stayed', note: input.note }))
  .output(({ input }) => ({ note: input.note, rows: [{ note: undefined }] }))
  .build();

let engine: EngineHarness<Calls>;
beforeEach(() => {
  engine = new EngineHarness(staySaga);
});
afterEach(() => engine.dispose());

test.each([false, true])(
  'an undefined member is left out everywhere alike, with a restart between: %s',
  async (isRestarted) => {
    const given: [string, unknown][] = [];
    const told: unknown[] = [];
    const call = (name: string) => (value: Value) => {
      given.push([name, value]);
      return { id: 1, note: undefined };
    };
    const activities = { book: call('book'), unbook: call('unbook'), pay: call('pay') };
    const delivered = Promise.withResolvers<void>();
    const stayed = (event: object): void => {
      told.push(event);
      delivered.resolve();
    };
    const open = () => engine.open(activities, { subscribers: { stayed } });
    await open();
    const { id } = await engine.backstep.spawn('stay', { input: { note: undefined } });
    await engine.seen(({ status }) => status === 'waiting');
    if (isRestarted) {
      await engine.stop();
      await open();
    }
    await engine.backstep.saga(id).send({ type: 'approve', note: undefined });
    expect((await engine.backstep.saga(id).settled({ within: 10_000 })).status).toBe('completed');
    await delivered.promise;
    expect(given).toStrictEqual([
      ['book', { input: false }],
      ['pay', { seen: [false, false, false] }],
    ]);
    expect(told).toStrictEqual([{ type: 'stayed' }]);
    const state = await engine.backstep.saga(id).state();
    expect(state?.snapshot.output).toStrictEqual({ rows: [{}] });
  },
);

test('the input of a compensation leaves it out as well', async () => {
  const given: unknown[] = [];
  const unbook = (value: Value): void => void given.push(value);
  await engine.open({ book: () => ({ note: undefined }), unbook, pay: () => null });
  const { id } = await engine.backstep.spawn('stay', { input: {} });
  await engine.seen(({ status }) => status === 'waiting');
  await engine.backstep.saga(id).send({ type: 'reject' });
  expect((await engine.backstep.saga(id).settled({ within: 10_000 })).status).toBe('compensated');
  expect(given).toStrictEqual([{ seen: [false, false] }]);
});

test('an output that no state could hold puts its step in doubt, once, and it is compensated', async () => {
  let calls = 0;
  const book = (): string => {
    calls += 1;
    return 'x'.repeat(2_000_000);
  };
  const given: Value[] = [];
  await engine.open({ book, unbook: (value) => void given.push(value), pay: () => null });
  const { id } = await engine.backstep.spawn('stay', { input: {} });
  expect((await engine.backstep.saga(id).settled({ within: 10_000 })).status).toBe('compensated');
  expect(calls).toBe(1);
  expect(given).toHaveLength(1);
  expect((await engine.backstep.saga(id).state())?.failureReason).toEqual({
    code: 'output-too-large',
    message:
      'output of book: its JSON has more than 262144 characters; keep large results outside ' +
      'and give their ids',
    retryable: false,
    ambiguous: true,
  });
});

test('one of a transactional activity has written nothing: the step failed for certain', async () => {
  const book = transactional<Value, unknown>(() => ({ statements: [], output: 'x'.repeat(101) }));
  await engine.open(
    { book, unbook: () => null, pay: () => null },
    { limits: { outputLength: 100 } },
  );
  const { id } = await engine.backstep.spawn('stay', { input: {} });
  expect((await engine.backstep.saga(id).settled({ within: 10_000 })).status).toBe('compensated');
  const state = await engine.backstep.saga(id).state();
  expect(state?.steps).toMatchObject([{ name: 'book', status: 'failed' }]);
});

test.each([
  [undefined, 'plan of book: what was given is undefined; give an object with statements'],
  [5, 'plan of book: what was given is 5'],
  [{ output: 1 }, 'plan of book: statements is missing; give a list of statements'],
])('a transactional activity that plans %j has failed for certain', async (planned, message) => {
  const book = transactional<Value, unknown>(() => planned as never);
  await engine.open({ book, unbook: () => null, pay: () => null });
  const { id } = await engine.backstep.spawn('stay', { input: {} });
  expect((await engine.backstep.saga(id).settled({ within: 10_000 })).status).toBe('compensated');
  const [step] = (await engine.backstep.saga(id).state())?.steps ?? [];
  expect(step?.error?.message).toContain(message);
  expect(step?.error?.ambiguous).toBe(false);
});

test.each([
  ['a Date', { at: new Date(0) }, 'output of book: "at" is a Date'],
  ['half a character', '\ud83d', 'output of book: the value has half of a surrogate pair'],
  ['undefined in a list', [undefined], 'output of book: "0" is undefined'],
])('an output with %s puts its step in doubt, and names the path', async (_, output, message) => {
  await engine.open({ book: () => output, unbook: () => null, pay: () => null });
  const { id } = await engine.backstep.spawn('stay', { input: {} });
  expect((await engine.backstep.saga(id).settled({ within: 10_000 })).status).toBe('compensated');
  const reason = (await engine.backstep.saga(id).state())?.failureReason;
  expect(reason).toMatchObject({ code: 'not-json', ambiguous: true });
  expect(reason?.message).toContain(message);
});
