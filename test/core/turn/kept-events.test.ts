/** What becomes of an event that a saga keeps until it waits for it, and of its id. */
import { describe, expect, test } from 'vitest';
import { setup } from 'xstate';
import { activity } from '../../../src/core/activity.ts';
import { durable } from '../../../src/core/define/durable.ts';
import { keepOrRefuse } from '../../../src/core/turn/early-events.ts';
import type { Inbound, Turn } from '../../../src/core/turn/inbound.ts';
import { replay } from '../../../src/core/history/replay.ts';
import type { SagaState } from '../../../src/core/state.ts';
import { begin, turn } from '../../../src/core/turn/turn.ts';
import { answerTo, draft, kept, pivotSaga, send, undo, within } from './awaiting-sagas.ts';
import { Journaled } from '../history/journaled-saga.ts';
import { LOST, REFUSED, SagaDriver } from './saga-driver.ts';

describe('of two waits for one type, one after the other', () => {
  const twice = draft()
    .step('book', undo('cancel'))
    .wait('first', { on: { paid: 'continue' }, within })
    .wait('second', { on: { paid: 'continue', shipped: 'continue' }, within })
    .step('hold', undo('release'))
    .build();
  const results = ({ state }: SagaDriver) =>
    (state.snapshot.context as { readonly results: Readonly<Record<string, unknown>> }).results;

  test('one kept event ends one of them', () => {
    const saga = new SagaDriver(twice, null);
    saga.send({ type: 'paid', n: 1 });
    saga.done('book');
    expect(saga.trail.at(-1)).toBe('forward.second');
    expect(results(saga)['second']).toBeUndefined();
  });

  test('two of them are taken in order, each once', () => {
    const saga = new SagaDriver(twice, null);
    saga.send({ type: 'paid', n: 1 });
    saga.send({ type: 'paid', n: 2 });
    saga.done('book');
    expect(saga.trail.at(-1)).toBe('forward.hold.running');
    expect(results(saga)).toMatchObject({
      first: { event: { n: 1 } },
      second: { event: { n: 2 } },
    });
  });

  test('what is kept and never taken is let go of, and the journal says so', () => {
    const saga = new SagaDriver(twice, null);
    for (const type of ['shipped', 'paid', 'paid', 'paid']) saga.send({ type });
    const taken = saga.done('book');
    expect(kept(saga)).toEqual([]);
    expect(taken).toMatchObject({
      record: {
        note: 'took what came early: paid, shipped; nothing waits any more for what came early: paid, paid',
      },
    });
  });

  test('and one that is kept when the saga turns back', () => {
    const saga = new SagaDriver(twice, null);
    saga.send({ type: 'shipped' });
    const taken = saga.command('cancel');
    expect(kept(saga)).toEqual([]);
    expect(taken).toMatchObject({
      record: { note: 'nothing waits any more for what came early: shipped' },
    });
  });
});

describe('of a saga that stands still', () => {
  const park: Inbound & { kind: 'park' } = { kind: 'park', failure: REFUSED };

  test.each(['paused', 'parked'])('where it stands counts while it is %s', (status) => {
    const saga = new SagaDriver(pivotSaga, null);
    saga.done('book');
    if (status === 'paused') saga.command('pause');
    else saga.take(park);
    expect(saga.state.status).toBe(status);
    expect(send(saga, 'approve')).toBe('kept');
    saga.command(status === 'paused' ? 'resume' : 'retry');
    expect(saga.trail.at(-1)).toBe('pivot.charge.running');
    if (status === 'paused') saga.command('pause');
    else saga.take(park);
    expect(saga.send({ type: 'reject' })).toMatchObject({ kind: 'refused', kept: ['received'] });
  });

  test('nothing is legal meanwhile, whatever it waits for', () => {
    const saga = new SagaDriver({ ...pivotSaga, keepsEarly: [] }, null);
    saga.done('book');
    saga.command('pause');
    expect(saga.send({ type: 'approve' })).toMatchObject({ legal: [], kept: [] });
  });
});

test.each([false, true])('a saga that has not begun has all ahead; queued: %s', (isLimited) => {
  const hold = { startAtMs: 5_000, isLimited };
  const { state } = begin(pivotSaga, 'saga-1', null, 1_000, null, hold);
  const take = (at: SagaState, inbound: Exclude<Inbound, { kind: 'start' }>): SagaState => {
    const taken = turn(pivotSaga, at, inbound, 6_000);
    if (taken.kind === 'refused') throw new Error(`refused; kept: ${taken.kept?.join()}`);
    return taken.state;
  };
  const event = (type: string) => ({ kind: 'event', id: type, event: { type } }) as const;
  expect(() => take(state, event('aprove'))).toThrow('refused; kept: approve,reject,received');
  const waiting = take(take(state, event('approve')), event('received'));
  const [timer = '', { token } = { token: 0 }] = Object.entries(waiting.live.timers)[0] ?? [];
  const due = take(waiting, { kind: 'timer', timer, token });
  expect(due.early).toHaveLength(2);
  const begun = isLimited ? take(due, { kind: 'admit' }) : due;
  expect(begun.early).toHaveLength(2);
  const { token: attempt } = begun.live.activities['book'] ?? { token: 0 };
  const outcome = { kind: 'done', output: null } as const;
  const past = take(begun, { kind: 'result', activity: 'book', token: attempt, outcome });
  expect(past.early.map(({ id }) => id)).toEqual(['received']);
});

test('what is kept outlasts a way back from which a person may turn it forward again', () => {
  const activities = { book: activity<null, null>(), cancel: activity<null, null>() };
  const machine = setup({ actors: activities }).createMachine({
    id: 'retried',
    initial: 'booking',
    states: {
      booking: {
        invoke: { id: 'book', src: 'book', input: null, onDone: 'waiting', onError: 'undoing' },
      },
      waiting: { tags: ['waiting'], on: { approve: 'done' } },
      undoing: {
        tags: ['compensating'],
        meta: { compensates: 'book' },
        invoke: { id: 'cancel', src: 'cancel', input: null, onDone: 'stuck', onError: 'stuck' },
      },
      stuck: { tags: ['compensation_failed'], on: { 'backstep.retry': 'booking' } },
      done: { type: 'final' },
    },
  });
  const saga = new SagaDriver(durable(machine, { keepsEarly: ['approve'] }), null);
  saga.send({ type: 'approve' });
  saga.fail('book', LOST);
  expect(send(saga, 'approve')).toBe('not-accepted');
  saga.done('cancel');
  expect(send(saga, 'approve')).toBe('not-accepted');
  saga.command('retry');
  saga.done('book');
  expect(saga.trail.at(-1)).toBe('done');
});

describe('the id of an event', () => {
  const event = (saga: SagaDriver, id: string, type: string): Turn => saga.send({ type }, id);

  test('is not remembered of one that was refused', () => {
    const saga = new SagaDriver({ ...pivotSaga, keepsEarly: [] }, null);
    expect(answerTo(event(saga, 'e-1', 'approve'))).toBe('not-accepted');
    saga.done('book');
    expect(answerTo(event(saga, 'e-1', 'approve'))).toBe('taken');
  });

  test('of one that is kept is known for as long as it is, however many come after it', () => {
    const comments = draft()
      .step('book', undo('cancel'))
      .repeat('comments', {
        while: () => true,
        atMost: 100,
        steps: (part) => part.wait('comment', { on: { said: 'continue' }, within }),
      })
      .wait('approval', { on: { approve: 'continue' }, within })
      .build();
    const saga = new SagaDriver(comments, null);
    saga.done('book');
    event(saga, 'kept', 'approve');
    for (let n = 0; n < 70; n++) event(saga, `said-${n}`, 'said');
    expect(event(saga, 'kept', 'approve')).toMatchObject({
      kind: 'noted',
      record: { note: 'duplicate event: this id was taken before' },
    });
    expect(kept(saga)).toEqual(['approve']);
  });
});

test('a journal of a release that kept events wherever a saga stood still replays', () => {
  const saga = new Journaled(pivotSaga, null).done('book').event('a', { type: 'approve' });
  const late = { kind: 'event', id: 'r', event: { type: 'reject' } } as const;
  const { state, nowMs } = saga;
  expect(keepOrRefuse(pivotSaga, state, late, nowMs).kind).toBe('refused');
  const record = {
    ...saga.journal.at(-1),
    sagaSeq: state.seq + 1,
    kind: 'note',
    event: 'reject',
    from: 'pivot.charge.running',
    to: 'pivot.charge.running',
    status: 'running',
    inbound: late,
    note: 'kept until the saga waits for it',
  };
  saga.texts.push(JSON.stringify(record));
  const { flaw, turns } = replay(pivotSaga, 'saga-1', saga.journal);
  expect(flaw).toBeNull();
  expect(turns.at(-1)?.state.early).toHaveLength(1);
});
