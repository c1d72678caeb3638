/** What the builder refuses, with the place and the cure. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineSaga } from '../../../src/core/define/saga.ts';

type Any = Record<string, (input: null) => null>;

const input = (): null => null;
const undo = (activity: string) => ({ input, compensate: { activity, input } });
const draft = () => defineSaga({ id: 's', input: z.null(), activities: {} as Any });

describe('a builder saga is refused', () => {
  test.each([
    [
      'that has a compensatable step without compensation',
      () => draft().step('a', { input } as never),
      'step "a" is compensatable but has no compensation; add compensate',
    ],
    [
      'whose pivot has a compensation',
      () => draft().step('a', { kind: 'pivot', ...undo('b') } as never),
      'step "a" is pivot and never compensated; remove',
    ],
    [
      'that compensates after the pivot',
      () => draft().step('a', { kind: 'pivot', input }).step('b', undo('c')),
      'step "b" is compensatable but runs after "a"',
    ],
    [
      'that compensates after a retriable step',
      () => draft().step('a', { kind: 'retriable', input }).step('b', undo('c')),
      'step "b" is compensatable but runs after "a"',
    ],
    [
      'with two pivots',
      () => draft().step('a', { kind: 'pivot', input }).step('b', { kind: 'pivot', input }),
      'both "a" and "b" are the pivot; a saga has one',
    ],
    [
      'whose pivot runs after a retriable step',
      () => draft().step('a', { kind: 'retriable', input }).step('b', { kind: 'pivot', input }),
      'pivot "b" runs after "a", from where the saga only goes forward; put it before',
    ],
    [
      'whose pivot is inside of another block',
      () =>
        draft().choose('c', {
          x: { when: () => true, steps: (part) => part.step('a', { kind: 'pivot', input }) },
        }),
      'pivot "a" is inside of another block; put it between the blocks',
    ],
    [
      'with a loop in a branch',
      () =>
        draft().parallel('p', {
          x: (part) =>
            part.repeat('r', {
              while: () => true,
              atMost: 2,
              steps: (round) => round.step('a', undo('b')),
            }),
          y: (part) => part.step('c', undo('d')),
        }),
      'loop "r" is inside of parallel "p"; make the inner one a saga of its own',
    ],
    [
      'with one branch',
      () => draft().parallel('p', { x: (part) => part.step('a', undo('b')) }),
      'parallel "p" has fewer than two branches',
    ],
    [
      'with an empty branch',
      () => draft().parallel('p', { x: (part) => part, y: (part) => part.step('a', undo('b')) }),
      'branch "x" of "p" is empty; remove it',
    ],
    [
      'with a loop without end',
      () =>
        draft().repeat('r', {
          while: () => true,
          atMost: 0,
          steps: (part) => part.step('a', undo('b')),
        }),
      'loop "r": atMost is 0; give a whole number up to 1000',
    ],
    [
      'that has a step twice, once in a branch of its name',
      () =>
        draft()
          .parallel('p', {
            a: (part) => part.step('a', undo('b')),
            c: (part) => part.step('c', undo('d')),
          })
          .step('a', undo('e')),
      'the name "a" is used twice, by step "a" (number 1 in branch "a" of "p") and by ' +
        'step "a" (number 2 in the saga); give each its own',
    ],
    [
      'that waits for nothing',
      () => draft().wait('w', { on: {}, within: '1d' }),
      'wait "w" names no event',
    ],
    [
      'that waits for an event of the engine',
      () => draft().wait('w', { on: { 'backstep.cancel': 'continue' }, within: '1d' }),
      'the event type "backstep.cancel" is the engine\'s; choose another',
    ],
    [
      'that turns back from a wait after the pivot',
      () =>
        draft()
          .step('a', { kind: 'pivot', input })
          .step('b', { kind: 'retriable', input })
          .wait('w', { on: { go: 'continue' }, within: '1d' }),
      'wait "w" compensates but runs after "a"',
    ],
    [
      'whose branches go on at the same event, without a word on it',
      () =>
        draft().parallel('p', {
          x: (part) => part.wait('a', { on: { go: 'continue' }, within: '1d', shared: true }),
          y: (part) =>
            part.step('s', undo('u')).wait('b', { on: { go: 'continue' }, within: '1d' }),
        }),
      'waits "a" and "b" of parallel "p" both wait for "go", in branches; ' +
        'give each an event of its own, or write shared: true in both',
    ],
    [
      'one wait of which does not share the event that the others do',
      () => {
        const shared = { on: { go: 'continue' }, within: '1d', shared: true } as const;
        return draft().parallel('p', {
          x: (part) => part.wait('a', shared).wait('b', { on: { go: 'continue' }, within: '1d' }),
          y: (part) => part.wait('c', shared),
        });
      },
      'waits "b" and "c" of parallel "p" both wait for "go"',
    ],
    [
      'one branch of which goes on and one back at the same event',
      () =>
        draft().parallel('p', {
          x: (part) => part.wait('a', { on: { no: 'continue' }, within: '1d', shared: true }),
          y: (part) => part.wait('b', { on: { no: 'compensate' }, within: '1d', shared: true }),
        }),
      'both wait for "no", one to continue and one to compensate; give each an event of its own',
    ],
    [
      'whose branch does not give its draft back',
      () =>
        draft().parallel('p', {
          x: () => ({}),
          y: (part) => part.step('a', undo('b')),
        }),
      'must give back the draft it was given',
    ],
  ])('%s', (_, write, message) => {
    expect(() => write().build()).toThrow(`saga "s": `);
    expect(() => write().build()).toThrow(message);
  });

  test('that has a deadline and nothing before its pivot', () => {
    const saga = defineSaga({ id: 's', input: z.null(), activities: {} as Any, deadline: '1h' });
    expect(() => saga.step('a', { kind: 'pivot', input }).build()).toThrow('remove the deadline');
  });
});

test.each([
  ['', '"" is not a text of 1 to 255 whole characters'],
  ['x'.repeat(256), 'is not a text of 1 to 255 whole characters'],
  ['constructor', '"constructor" is a member of every object; choose another'],
  ['__proto__', '"__proto__" is a member of every object; choose another'],
])('a wait for an event that could not come is refused: "%s"', (type, message) => {
  const saga = draft().wait('w', { on: { [type]: 'continue' }, within: '1h' });
  expect(() => saga.build()).toThrow(message);
});
