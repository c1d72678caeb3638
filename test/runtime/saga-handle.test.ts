/** Sagas as handles: what they answer, what they wait for, and what ends a wait. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { defineSaga } from '../../src/core/define/saga.ts';
import { PermanentError } from '../../src/core/failure.ts';
import type { FeedEntry } from '../../src/store/read-models.ts';
import { EngineHarness } from './engine-harness.ts';

interface Calls {
  book(input: null): { booking: string };
  cancel(input: null): void;
}

const staySaga = defineSaga({ id: 'stay', input: z.null(), activities: {} as Calls })
  .step('book', {
    input: () => null,
    compensate: { activity: 'cancel', input: () => null },
  })
  .wait('approval', { on: { approve: 'continue', reject: 'compensate' }, within: '1d' })
  .output(({ results }) => results.book.booking)
  .build();
const otherSaga = defineSaga({ id: 'other', input: z.null(), activities: {} })
  .wait('approval', { on: { approve: 'continue' }, within: '1d' })
  .build();

const calls = { book: () => ({ booking: 'b-1' }), cancel: () => {} };
const isWaiting = { status: 'waiting' };

let engine: EngineHarness<Calls>;
beforeEach(() => void (engine = new EngineHarness(staySaga)));
afterEach(() => engine.dispose());

const open = (activities = calls) =>
  engine.open(activities, {
    also: (backstep) => backstep.register(otherSaga, { activities: {} }),
  });

test('a saga that completes gives its output, to whoever waits and to whoever comes later', async () => {
  const backstep = await open();
  const stay = await backstep.spawn(staySaga, { input: null });
  const waiting = backstep.saga(staySaga, stay.id).settled();
  await stay.waitFor(({ status }) => status === 'waiting');
  await stay.send({ type: 'approve' });
  const completed = { status: 'completed', output: 'b-1' };
  expect(await waiting).toEqual(completed);
  await engine.stop();
  expect(await (await open()).saga(stay.id).settled()).toEqual(completed);
});

test('a saga that turned back says why', async () => {
  const backstep = await open();
  const stay = await backstep.spawn(staySaga, { input: null });
  await stay.waitFor(({ status }) => status === 'waiting');
  await stay.command({ name: 'cancel', reason: 'plans changed' });
  const failure = expect.objectContaining({
    code: 'cancelled',
    message: 'plans changed',
  }) as object;
  expect(await stay.settled()).toEqual({ status: 'compensated', failure });
});

test('a saga that needs a person tells what is outstanding', async () => {
  const refuse = (): never => {
    throw new PermanentError('no', 'cannot be cancelled');
  };
  const backstep = await open({ ...calls, cancel: refuse });
  const stay = await backstep.spawn(staySaga, { input: null });
  await stay.waitFor(({ status }) => status === 'waiting');
  await stay.send({ type: 'reject' });
  const failure = expect.objectContaining({ code: 'no' }) as object;
  const given = { status: 'compensation_failed', failure, resolution: null };
  const deadLetter = expect.objectContaining({ outstanding: ['book'], done: ['book'] }) as object;
  expect(await stay.settled()).toEqual({ ...given, deadLetter });
  await stay.command({ name: 'skip', by: 'Ada', reason: 'by phone' });
  expect(await stay.settled()).toMatchObject({ resolution: { by: 'Ada', reason: 'by phone' } });
});

test('a wait that is over says where the saga stands, however short it was', async () => {
  const backstep = await open();
  const stay = await backstep.spawn(staySaga, { input: null });
  await stay.waitFor(({ status }) => status === 'waiting');
  const [short, never] = [stay.settled({ within: 0 }), stay.waitFor(() => false, { within: '5s' })];
  engine.clock.advance(5_000);
  expect(await short).toEqual(isWaiting);
  expect(await never).toBeNull();
});

test('waitFor hears of every turn, and ends with a saga that can be so no more', async () => {
  const backstep = await open();
  const stay = await backstep.spawn(staySaga, { input: null });
  const compensating = stay.waitFor(({ status }) => status === 'compensating');
  const paused = stay.waitFor(({ status }) => status === 'paused');
  const thrown = stay.waitFor(() => {
    throw new Error('not mine');
  });
  await expect(thrown).rejects.toThrow('not mine');
  await stay.waitFor(({ status }) => status === 'waiting');
  await stay.send({ type: 'reject' });
  expect((await compensating)?.status).toBe('compensating');
  expect(await paused).toBeNull();
  await expect(backstep.saga('nobody').waitFor(() => true)).rejects.toThrow('no saga with id');
});

test('subscribe tells the turns of one saga, in order, until it is told to stop', async () => {
  const backstep = await open();
  const stay = await backstep.spawn(staySaga, { input: null });
  const other = await backstep.spawn(otherSaga, { input: null });
  await stay.waitFor(({ status }) => status === 'waiting');
  const seen: FeedEntry[] = [];
  const stop = stay.subscribe((entry) => void seen.push(entry));
  await other.send({ type: 'approve' });
  await stay.send({ type: 'reject' });
  await stay.settled();
  expect(seen.map(({ sagaId, event }) => [sagaId, event])).toEqual([
    [stay.id, 'reject'],
    [stay.id, expect.stringContaining('cancel')],
  ]);
  stop();
  await stay.command({ name: 'retry' }).catch(() => null);
  expect(seen).toHaveLength(2);
});

test('a handle of one type is none for a saga of another', async () => {
  const backstep = await open();
  const other = await backstep.spawn(otherSaga, { input: null });
  const wrong = backstep.saga(staySaga, other.id);
  const message = `saga ${other.id} is of type "other", not "stay"`;
  await expect(wrong.send({ type: 'approve' })).rejects.toThrow(message);
  await expect(wrong.settled()).rejects.toThrow(message);
  expect((await other.state())?.status).toBe('waiting');
});

test('whoever waits when the engine stops is told so', async () => {
  const backstep = await open();
  const stay = await backstep.spawn(staySaga, { input: null });
  await stay.waitFor(({ status }) => status === 'waiting');
  const waits = [stay.settled(), stay.waitFor(() => false)];
  const told = Promise.allSettled(waits);
  await engine.stop();
  for (const each of await told) expect(each).toMatchObject({ reason: { code: 'unavailable' } });
});

test('thousands of sagas that are not in memory can be waited for at once', async () => {
  const backstep = await open();
  const other = await backstep.spawn(otherSaga, { input: null });
  await other.send({ type: 'approve' });
  await other.settled();
  // Far more than the store takes questions at a time.
  const waits = Array.from({ length: 12_000 }, () => backstep.saga(other.id).settled());
  const outcomes = await Promise.all(waits);
  expect(outcomes.every(({ status }) => status === 'completed')).toBe(true);
});
