/** Whether a saga in flight can go on under another drawing of it, case by case. */
import { describe, expect, test } from 'vitest';
import { createMachine, setup } from 'xstate';
import { z } from 'zod';
import { activity } from '../../../src/core/activity.ts';
import { encodeState, parseStored } from '../../../src/core/history/codec.ts';
import { fitOf } from '../../../src/core/history/compatibility.ts';
import type { SagaDefinition } from '../../../src/core/define/definition.ts';
import { durable } from '../../../src/core/define/durable.ts';
import { exponential, NO_RETRY } from '../../../src/core/retry-policy.ts';
import { defineSaga } from '../../../src/core/define/saga.ts';
import { BUSY, LOST, REFUSED, SagaDriver } from '../turn/saga-driver.ts';

type Calls = Record<string, (input: null) => unknown>;
const [input, retry] = [(): null => null, exponential({ first: '1m', attempts: 3 })];
const undo = (name: string, policy = retry) => ({ activity: name, input, retry: policy });
const wait = { on: { ok: 'continue', no: 'compensate' }, within: '1d' } as const;
const stay = { id: 'stay', input: z.null(), activities: {} as Calls };
const begun = (version = 1) => defineSaga({ ...stay, version });

const booking = (version: number, step = 'book') =>
  begun(version)
    .step(step, { input, retry, compensate: undo('cancel', NO_RETRY) })
    .wait('approval', wait)
    .step('charge', { kind: 'pivot', input, retry })
    .step('mail', { kind: 'retriable', input, retry })
    .build();

/** Ways of `booking(1)` to stand in the middle. */
const at: Readonly<Record<string, () => SagaDriver>> = {
  'the first step': () => new SagaDriver(booking(1), null),
  'a retry delay after a failure for certain': () =>
    after(at['the first step'], fail('book', BUSY)),
  'a retry delay after a doubtful failure': () => after(at['the first step'], fail('book', LOST)),
  'the wait': () => after(at['the first step'], (saga) => saga.done('book')),
  'the compensation': () => after(at['the wait'], (saga) => saga.send({ type: 'no' })),
  'a compensation given up': () => after(at['the compensation'], fail('cancel', REFUSED)),
  'the pivot': () => after(at['the wait'], (saga) => saga.send({ type: 'ok' })),
  'the last step': () => after(at['the pivot'], (saga) => saga.done('charge')),
};

function after(before: (() => SagaDriver) | undefined, move: (saga: SagaDriver) => void) {
  if (before === undefined) throw new Error('there is no such place');
  const saga = before();
  move(saga);
  return saga;
}

function fail(name: string, failure: typeof BUSY) {
  return (saga: SagaDriver): void => void saga.fail(name, failure);
}

const judged = (definition: SagaDefinition, { state }: SagaDriver, from = 1) =>
  fitOf(definition, state.id, parseStored(state.id, encodeState(state)), from);

/** Why it does not fit; `null`: it does. */
function whyNot(definition: SagaDefinition, saga: SagaDriver, from = 1): string | null {
  const fit = judged(definition, saga, from);
  return fit.kind === 'fits' ? null : fit.why;
}

describe('a saga fits', () => {
  test.each(Object.entries(at))('the drawing that it runs under, at %s', (_, saga) => {
    expect(judged(booking(1), saga())).toMatchObject({ kind: 'fits' });
  });

  test('a drawing with another step ahead of it', () => {
    const longer = begun()
      .step('book', { input, compensate: undo('cancel') })
      .wait('approval', wait)
      .step('insure', { input, compensate: undo('uninsure') })
      .step('charge', { kind: 'pivot', input })
      .build();
    expect(whyNot(longer, at['the wait']?.() ?? new SagaDriver(longer, null))).toBeNull();
  });

  test('a drawing that lacks a step which failed for certain', () => {
    const saga = new SagaDriver(
      begun()
        .step('book', { input, retry: NO_RETRY, compensate: undo('cancel') })
        .step('charge', { kind: 'pivot', input })
        .build(),
      null,
    );
    saga.fail('book', REFUSED);
    expect(saga.state.status).toBe('compensated');
    expect(whyNot(booking(1, 'reserve'), saga)).toBeNull();
  });

  test('a drawing that lacks a step before the pivot, once it is past that', () => {
    const saga = after(at['the last step'], fail('mail', BUSY));
    expect(whyNot(booking(2, 'reserve'), saga)).toBeNull();
    expect(whyNot(booking(1, 'reserve'), saga)).toBeNull();
  });

  test('a drawing without its pivot, where nothing leads back from what comes after', () => {
    const free = begun(2)
      .step('book', { input, compensate: undo('cancel') })
      .step('mail', { kind: 'retriable', input, retry })
      .build();
    expect(
      whyNot(
        free,
        after(at['the last step'], () => {}),
      ),
    ).toBeNull();
  });

  test('a drawing in which its wait has a reminder now, and it still waits there', () => {
    const remind = { every: '1h', emit: () => ({ type: 'waiting' }) } as const;
    const reminding = begun()
      .step('book', { input, compensate: undo('cancel') })
      .wait('approval', { ...wait, remind })
      .step('charge', { kind: 'pivot', input })
      .build();
    const fit = judged(
      reminding,
      after(at['the wait'], () => {}),
    );
    if (fit.kind === 'unfit') throw new Error(fit.why);
    const saga = new SagaDriver(reminding, null);
    saga.state = fit.state;
    saga.send({ type: 'no' });
    expect(saga.started).toContain('cancel');
  });

  test('any drawing that knows no steps, where its state is there', () => {
    const plain = (filing: string) =>
      durable(
        setup({ actors: { [filing]: activity<null, null>() } }).createMachine({
          id: 'stay',
          initial: filing,
          states: {
            [filing]: { invoke: { id: filing, src: filing, onDone: 'filed' } },
            filed: { on: { CLOSE: 'closed' } },
            closed: { type: 'final' },
          },
        }),
      );
    const saga = new SagaDriver(plain('filing'), null);
    saga.done('filing');
    expect(whyNot(plain('submitting'), saga)).toBeNull();
  });
});

describe('a saga does not fit a drawing', () => {
  const MAP = 'map it in `migrate`';

  test.each([
    ['a retry delay after a doubtful failure', null],
    ['the wait', `book is done and version 2 has no compensation for it: ${MAP}`],
    [
      'the compensation',
      `book is being compensated and version 2 has no compensation for it: ${MAP}`,
    ],
    [
      'a compensation given up',
      `book is still to be compensated and version 2 has no compensation for it: ${MAP}`,
    ],
    ['the pivot', `book is done and version 2 has no compensation for it: ${MAP}`],
  ])('that does not know its step, at %s', (place, why) => {
    const saga = after(at[place], () => {});
    const says = whyNot(booking(2, 'reserve'), saga);
    // Where the step's own states are gone too, that is said.
    expect(says).toBe(
      why ?? 'the state forward.book.retrying is not in version 2: give another one in `migrate`',
    );
  });

  test('that was edited in place so that its step has another name', () => {
    expect(
      whyNot(
        booking(1, 'reserve'),
        after(at['the wait'], () => {}),
      ),
    ).toBe(
      'book is done and version 1 as it was edited has no compensation for it: make the edit a ' +
        'version of its own and map it in its `migrate`',
    );
  });

  test('and names every step that is missing, and how it stands', () => {
    const two = begun()
      .step('book', { input, compensate: undo('cancel') })
      .step('pay', { input, retry: NO_RETRY, compensate: undo('refund') })
      .wait('approval', wait)
      .build();
    const saga = new SagaDriver(two, null);
    saga.done('book');
    saga.done('pay');
    const none = begun(2)
      .step('other', { input, compensate: undo('revert') })
      .wait('approval', wait)
      .build();
    const fit = judged(none, saga);
    expect(fit).toMatchObject({
      missing: [
        { step: 'book', occurrence: 1, lacks: 'step' },
        { step: 'pay', occurrence: 1, lacks: 'step' },
      ],
      why: 'book is done, pay is done and version 2 has no compensation for them: map them in `migrate`',
    });
  });

  test('in which its done step is the pivot now, and never undone', () => {
    const turned = begun(2)
      .step('other', { input, compensate: undo('revert') })
      .wait('approval', wait)
      .step('book', { kind: 'pivot', input })
      .build();
    expect(
      judged(
        turned,
        after(at['the wait'], () => {}),
      ),
    ).toMatchObject({
      missing: [{ step: 'book', lacks: 'compensation' }],
    });
  });

  test('that does not know its pivot and could still turn back', () => {
    const { state } = after(at['the last step'], (saga) => saga.fail('mail', BUSY));
    const saga = new SagaDriver(booking(1), null);
    const early = { ...state, snapshot: after(at['the wait'], () => {}).state.snapshot };
    saga.state = { ...early, live: { activities: {}, timers: {} } };
    const free = begun(2)
      .step('book', { input, compensate: undo('cancel') })
      .wait('approval', wait)
      .build();
    expect(whyNot(free, saga)).toBe(
      'charge is done and version 2 has no such step: map it in `migrate`',
    );
  });

  test('that lacks its state', () => {
    const renamed = begun()
      .step('book', { input, compensate: undo('cancel') })
      .wait('review', wait)
      .step('charge', { kind: 'pivot', input })
      .build();
    expect(
      whyNot(
        renamed,
        after(at['the wait'], () => {}),
      ),
    ).toBe(
      'the state forward.approval is not in version 1 as it was edited: make the edit a version ' +
        'of its own and give another one in its `migrate`',
    );
  });

  test('with a branch more, which nobody would start', () => {
    const parallel = (...names: readonly string[]) =>
      begun()
        .parallel(
          'all',
          Object.fromEntries(
            names.map((name) => [
              `branch-${name}`,
              (branch) => branch.step(name, { input, compensate: undo(`un${name}`) }),
            ]),
          ),
        )
        .build();
    const saga = new SagaDriver(parallel('a', 'b'), null);
    expect(whyNot(parallel('a', 'b', 'c'), saga)).toMatch(/^the state .* is not in version 1/);
  });

  test('that undoes with what is under way another step than the one it is under way for', () => {
    const two = (first: string, second: string) =>
      begun()
        .step('a', { input, compensate: undo(first) })
        .step('b', { input, compensate: undo(second) })
        .wait('approval', wait)
        .build();
    const saga = new SagaDriver(two('x', 'y'), null);
    saga.done('a');
    saga.done('b');
    saga.send({ type: 'no' });
    expect(whyNot(two('x', 'y'), saga)).toBeNull();
    expect(whyNot(two('y', 'x'), saga)).toMatch(
      /^y is under way for b and version 1 .* uses it for a/,
    );
  });

  test('that does not run what is under way', () => {
    const actors = { pay: activity<null, null>(), charge: activity<null, null>() };
    const machine = (src: 'pay' | 'charge') => {
      const invoke = { id: src, src, onDone: 'paid' };
      const states = {
        paying: { meta: { step: 'pay' }, invoke },
        paid: { type: 'final' },
      } as const;
      return durable(createMachine({ id: 'stay', initial: 'paying', states }, { actors }));
    };
    expect(whyNot(machine('charge'), new SagaDriver(machine('pay'), null))).toMatch(
      /^pay is under way and version 1 as it was edited does not run it there: /,
    );
  });
});
