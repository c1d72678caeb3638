/** Actors that act on nothing outside: whatever becomes of them, nothing is owed. */
import { expect, test } from 'vitest';
import { fromCallback, fromPromise, fromTransition, setup, spawnChild } from 'xstate';
import { durable } from '../../src/core/define/durable.ts';
import { verify } from '../../src/verify/verify.ts';

const watching = setup({
  actors: {
    clock: fromCallback(() => {}),
    count: fromTransition((sum: number) => sum, 0),
    call: fromPromise(async () => null),
  },
});

test('a machine that is left with what listens, and what it steps itself, is sound', () => {
  const machine = watching.createMachine({
    id: 'watching',
    initial: 'on',
    entry: spawnChild('clock', { id: 'spawned' }),
    states: {
      on: { invoke: [{ src: 'clock' }, { src: 'count' }], on: { off: 'done' } },
      done: { type: 'final' },
    },
  });
  expect(verify(durable(machine)).findings).toEqual([]);
});

test('one that leaves a promise beside them is told of the promise alone', () => {
  const machine = watching.createMachine({
    id: 'calling',
    initial: 'on',
    states: {
      on: {
        invoke: [{ src: 'clock' }, { id: 'call', src: 'call', onDone: 'done', onError: 'done' }],
        on: { off: 'done' },
      },
      done: { type: 'final' },
    },
  });
  const { findings } = verify(durable(machine));
  expect(new Set(findings.map(({ code }) => code))).toEqual(
    new Set(['completed-unfinished', 'no-timeout', 'no-compensation']),
  );
  expect(findings.filter(({ what }) => what.includes('clock') || /"0\./.test(what))).toEqual([]);
});
