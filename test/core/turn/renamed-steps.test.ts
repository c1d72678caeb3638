/** Steps that a migration calls otherwise: what was started under the old name is undone under it. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Effect } from '../../../src/core/turn/inbound.ts';
import type { Migration } from '../../../src/core/history/migration.ts';
import type { ProbeAnswer } from '../../../src/core/activity.ts';
import { exponential, NO_RETRY } from '../../../src/core/retry-policy.ts';
import { defineSaga } from '../../../src/core/define/saga.ts';
import { migrated, refusalOf } from './migrated.ts';
import { BUSY, LOST, REFUSED, SagaDriver } from './saga-driver.ts';

type Calls = Record<string, (input: null) => unknown>;
type Probed = Record<'book' | 'reserve' | 'cancel', (input: null) => unknown> & {
  find: (input: null) => ProbeAnswer<unknown>;
};
const input = (): null => null;
const retry = exponential({ first: '1m', attempts: 3, jitter: 'none' });
const on = { ok: 'continue', no: 'compensate' } as const;
const wait = { on, within: '1d' } as const;
const begun = (version: number) =>
  defineSaga({ id: 'stay', version, input: z.null(), activities: {} as Calls });

const booking = (version: number, step: string) =>
  begun(version)
    .step(step, { input, retry, compensate: { activity: 'cancel', input, retry: NO_RETRY } })
    .wait('approval', wait)
    .step('charge', { kind: 'pivot', input })
    .build();

const v1 = booking(1, 'book');
const v2 = booking(2, 'reserve');
const toReserve: Migration = () => ({ steps: { book: 'reserve' } });

const startIn = (effects: readonly Effect[]) =>
  effects.find((effect) => effect.kind === 'start-activity');

function waiting(): SagaDriver {
  const saga = new SagaDriver(v1, null);
  saga.done('book');
  return saga;
}

describe('a step that was renamed', () => {
  test('is compensated by the compensation of its new name, with the keys of its old one', () => {
    const saga = migrated(waiting(), v2, toReserve);
    saga.send({ type: 'no' });
    expect(startIn(saga.effects)).toMatchObject({
      activity: 'cancel',
      step: 'reserve',
      key: 'saga-1/book/compensate/1',
      forwardKey: 'saga-1/book/forward/1',
    });
    saga.done('cancel');
    expect(saga.state.status).toBe('compensated');
    expect(saga.state.steps).toMatchObject([
      { name: 'reserve', keyName: 'book', status: 'compensated' },
    ]);
  });

  test('keeps the attempt that is under way, as an attempt of the new activity', () => {
    const saga = migrated(new SagaDriver(v1, null), v2, toReserve);
    const { token } = new SagaDriver(v1, null).state.live.activities['book'] ?? {};
    expect(saga.state.live.activities).toMatchObject({
      reserve: { token, src: 'reserve', step: 'reserve', keyName: 'book', attempt: 1 },
    });
    saga.take({ kind: 'interrupted', activity: 'reserve', token: token ?? 0 });
    expect(startIn(saga.effects)).toMatchObject({ src: 'reserve', key: 'saga-1/book/forward/1' });
  });

  test('keeps its retry delay, the number of its attempts, and its doubt', () => {
    const old = new SagaDriver(v1, null);
    old.fail('book', LOST);
    const dueMs =
      old.state.live.timers['xstate.after.book.retry.stay.forward.book.retrying']?.dueMs;
    old.nowMs += 10_000;
    const saga = migrated(old, v2, toReserve);
    const timer = 'xstate.after.reserve.retry.stay.forward.reserve.retrying';
    expect(saga.state.live.timers[timer]?.dueMs).toBe(dueMs);
    saga.fireTimer('reserve.retry');
    expect(startIn(saga.effects)).toMatchObject({ attempt: 2, key: 'saga-1/book/forward/1' });
    saga.fail('reserve', REFUSED);
    // It may have happened at the first attempt, so that it is owed.
    expect(startIn(saga.effects)).toMatchObject({ forwardKey: 'saga-1/book/forward/1' });
  });

  test('is compensated under way with the same key again, once it had failed', () => {
    const old = waiting();
    old.send({ type: 'no' });
    old.fail('cancel', REFUSED);
    const saga = migrated(old, v2, toReserve);
    saga.command('retry');
    expect(startIn(saga.effects)).toMatchObject({ key: 'saga-1/book/compensate/1', attempt: 2 });
  });

  test('is asked for by its probe with the key it was made under', () => {
    const probing = (version: number, step: 'book' | 'reserve') =>
      defineSaga({ id: 'stay', version, input: z.null(), activities: {} as Probed })
        .step(step, {
          input,
          retry: NO_RETRY,
          probe: { activity: 'find', input, retry },
          compensate: { activity: 'cancel', input },
        })
        .build();
    const old = new SagaDriver(probing(1, 'book'), null);
    old.fail('book', LOST);
    const saga = migrated(old, probing(2, 'reserve'), toReserve);
    saga.fail('find', BUSY);
    saga.fireTimer('find.retry');
    expect(startIn(saga.effects)).toMatchObject({
      key: 'saga-1/book/probe/1',
      forwardKey: 'saga-1/book/forward/1',
    });
  });

  test('keeps its first name over one renaming after the other, and loses it when it has it again', () => {
    const again = migrated(waiting(), booking(3, 'hold'), toReserve, () => ({
      steps: { reserve: 'hold' },
    }));
    expect(again.state.steps).toMatchObject([{ name: 'hold', keyName: 'book' }]);
    const back = migrated(again, booking(4, 'book'), () => ({ steps: { hold: 'book' } }));
    expect(back.state.steps[0]).toMatchObject({ name: 'book' });
    expect(back.state.steps[0]).not.toHaveProperty('keyName');
  });

  test('in a loop is undone round by round, and runs on under keys of its new name', () => {
    const rounds = (version: number, step: string) =>
      begun(version)
        .repeat('often', {
          while: () => true,
          atMost: 3,
          steps: (round) =>
            round
              .step(step, { input, compensate: { activity: 'cancel', input, retry: NO_RETRY } })
              .wait('answer', wait),
        })
        .build();
    const old = new SagaDriver(rounds(1, 'book'), null);
    old.done('book');
    old.send({ type: 'ok' });
    old.done('book');
    const saga = migrated(old, rounds(2, 'reserve'), toReserve);
    saga.send({ type: 'ok' }, 'next');
    expect(startIn(saga.effects)).toMatchObject({ key: 'saga-1/reserve/forward/3' });
    saga.done('reserve');
    saga.send({ type: 'no' }, 'stop');
    const keys = ['reserve/forward/3', 'book/forward/2', 'book/forward/1'];
    for (const key of keys) {
      expect(startIn(saga.effects)).toMatchObject({ forwardKey: `saga-1/${key}` });
      saga.done('cancel');
    }
    expect(saga.state.status).toBe('compensated');
  });

  test('and runs a child unwinds the child that was started under its old name', () => {
    const part = begun(1)
      .step('other', { input, compensate: { activity: 'revert', input } })
      .build();
    const family = (version: number, child: string) =>
      begun(version)
        .child(child, {
          saga: { ...part, id: 'part' },
          input,
          compensate: { activity: 'cancel', input },
        })
        .wait('approval', wait)
        .build();
    const old = new SagaDriver(family(1, 'book'), null);
    const { childId } = old.state.live.activities['book'] ?? {};
    old.done('book');
    const saga = migrated(old, family(2, 'reserve'), toReserve);
    saga.send({ type: 'no' });
    expect(startIn(saga.effects)).toMatchObject({ child: { id: childId, isUnwinding: true } });
  });
});

describe('a wait that was renamed', () => {
  test('keeps its limit', () => {
    const later = begun(2)
      .step('book', { input, compensate: { activity: 'cancel', input } })
      .wait('review', wait)
      .step('charge', { kind: 'pivot', input })
      .build();
    const old = waiting();
    const [limit] = Object.values(old.state.live.timers);
    old.nowMs += 10_000;
    const saga = migrated(old, later, () => ({ steps: { approval: 'review' } }));
    const timers = Object.entries(saga.state.live.timers);
    expect(timers).toMatchObject([
      ['xstate.after.review.expires.stay.forward.review', { dueMs: limit?.dueMs }],
    ]);
  });
});

describe('a migration is refused', () => {
  const answers = (answer: unknown): Migration => (() => answer) as Migration;

  test.each([
    [
      { steps: { book: 'resrve' } },
      '`migrate` calls book now resrve, and there is no step of that name',
    ],
    [
      { step: { book: 'reserve' } },
      '`migrate` answers with step; it may give state, context, steps',
    ],
    [Promise.resolve({}), '`migrate` must answer at once, with an object'],
    ['reserve', '`migrate` must answer at once, with an object'],
    [
      { steps: { book: null } },
      "`migrate` gives book no name in steps; write { book: 'its new name' }",
    ],
    [
      { state: { forward: 'nowhere' } },
      'the state forward.nowhere is not in version 2: give another one in `migrate`',
    ],
    [undefined, 'book is done and version 2 has no compensation for it: map it in `migrate`'],
    [{}, 'book is done and version 2 has no compensation for it: map it in `migrate`'],
    [
      { steps: { other: 'reserve' } },
      'book is done and version 2 has no compensation for it: map it in `migrate`',
    ],
    [
      { steps: { book: 'approval' } },
      'approval is done and version 2 has no compensation for it: map it in `migrate`',
    ],
  ])('that answers %j', (answer, why) => {
    expect(refusalOf(waiting(), v2, answers(answer))).toBe(why);
  });

  test('that makes one step of two', () => {
    const two = (version: number, ...steps: readonly string[]) => {
      const first = begun(version).step(steps[0] ?? '', {
        input,
        compensate: { activity: 'cancel', input },
      });
      const rest = steps
        .slice(1)
        .reduce(
          (saga, step) =>
            saga.step(step, { input, compensate: { activity: `un${step}`, input } }) as typeof saga,
          first,
        );
      return rest.wait('approval', wait).build();
    };
    const saga = new SagaDriver(two(1, 'book', 'pay'), null);
    saga.done('book');
    saga.done('pay');
    expect(refusalOf(saga, two(2, 'both'), () => ({ steps: { book: 'both', pay: 'both' } }))).toBe(
      '`migrate` calls both book and pay now both: give each its own name',
    );
    expect(
      refusalOf(saga, two(2, 'book', 'pay'), () => ({ steps: { book: 'pay', pay: 'book' } })),
    ).toMatch(/^pay was called book when it ran, and version 2 has another step of that name/);
  });
});
