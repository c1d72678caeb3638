/**
 * The contract with XState: fails loudly when an upgrade changes what a transition hands out.
 */
import { describe, expect, test } from 'vitest';
import { assign, cancel, emit, raise, sendTo, setup, type StateValue } from 'xstate';
import { setup as oldestSetup } from 'xstate-lowest';
import { activity } from '../../../../src/core/activity.ts';
import {
  type PersistedMachine,
  persistMachine,
} from '../../../../src/core/machine/persisted-machine.ts';
import {
  acceptedEvents,
  enterMachine,
  restoreMachine,
  stepMachine,
} from '../../../../src/core/machine/macrostep/scope.ts';

const machine = setup({
  types: { context: {} as { count: number; name: string }, input: {} as { name: string } },
  actors: { fetch: activity<{ name: string }, { ok: boolean }>() },
  delays: { wait: 5_000, 'fetch.timeout': 1_000 },
  guards: { fails: () => true },
}).createMachine({
  id: 'probe',
  context: ({ input }) => ({ count: 0, name: input.name }),
  initial: 'fetching',
  states: {
    fetching: {
      invoke: {
        id: 'fetch',
        src: 'fetch',
        input: ({ context }) => ({ name: context.name }),
        onDone: 'waiting',
        onError: 'broken',
      },
      after: { 'fetch.timeout': 'broken' },
    },
    waiting: {
      entry: [assign({ count: ({ context }) => context.count + 1 }), emit({ type: 'half.way' })],
      after: { wait: 'done' },
      on: {
        later: { actions: raise({ type: 'wake' }, { delay: 10, id: 'alarm' }) },
        never: { actions: cancel('alarm') },
        now: { actions: raise({ type: 'wake' }) },
        wake: 'done',
      },
    },
    broken: { type: 'final' },
    done: { type: 'final' },
  },
});

const self = { id: 'saga-1', parentId: null, ledger: () => [] };

const done = { type: 'xstate.done.actor.fetch', output: { ok: true } };

function entered() {
  return enterMachine(machine, self, { name: 'n' });
}

describe('commands of a transition', () => {
  test('on entering: the attempt time-out with its delay, then the invoke with its input', () => {
    expect(entered().commands).toEqual([
      {
        kind: 'delay',
        id: 'xstate.after.fetch.timeout.probe.fetching',
        delayMs: 1_000,
        event: { type: 'xstate.after.fetch.timeout.probe.fetching' },
      },
      { kind: 'invoke', id: 'fetch', src: 'fetch', input: { name: 'n' } },
    ]);
  });

  test('on leaving: cancels the delay and stops the child; emits come as they are', () => {
    expect(stepMachine(entered().snapshot, self, done).commands).toEqual([
      { kind: 'cancel-delay', id: 'xstate.after.fetch.timeout.probe.fetching' },
      { kind: 'stop', id: 'fetch' },
      { kind: 'emit', event: { type: 'half.way' } },
      {
        kind: 'delay',
        id: 'xstate.after.wait.probe.waiting',
        delayMs: 5_000,
        event: { type: 'xstate.after.wait.probe.waiting' },
      },
    ]);
  });

  test('a delayed raise is a delay; one without is consumed inside', () => {
    const { snapshot } = stepMachine(entered().snapshot, self, done);
    expect(stepMachine(snapshot, self, { type: 'later' }).commands).toEqual([
      { kind: 'delay', id: 'alarm', delayMs: 10, event: { type: 'wake' } },
    ]);
    expect(stepMachine(snapshot, self, { type: 'never' }).commands).toEqual([
      { kind: 'cancel-delay', id: 'alarm' },
    ]);
    expect(stepMachine(snapshot, self, { type: 'now' }).snapshot.value).toBe('done');
  });

  test('an event that changes nothing gives the same snapshot object', () => {
    const { snapshot } = entered();
    expect(stepMachine(snapshot, self, { type: 'unknown' })).toEqual({
      snapshot,
      commands: [],
    });
    expect(stepMachine(snapshot, self, { type: 'unknown' }).snapshot).toBe(snapshot);
  });

  test('a snapshot is never changed by a later step', () => {
    const { snapshot } = entered();
    const before = JSON.stringify(persistMachine(snapshot, {}));
    stepMachine(snapshot, self, done);
    expect(JSON.stringify(persistMachine(snapshot, {}))).toBe(before);
    expect(Object.keys(snapshot.children as object)).toEqual(['fetch']);
  });

  test('what a machine sends to itself comes next, in order, and is not seen outside', () => {
    const talking = setup({
      types: { context: {} as { heard: string[] } },
      actions: {
        hear: assign({ heard: ({ context, event }) => [...context.heard, event.type] }),
        say: sendTo(
          (scene) => scene.self,
          (_, { type }: { type: string }) => ({ type }),
        ),
      },
    }).createMachine({
      id: 'talking',
      context: { heard: [] },
      entry: { type: 'say', params: { type: 'one' } },
      on: {
        one: { actions: ['hear', { type: 'say', params: { type: 'two' } }] },
        two: { actions: ['hear', raise({ type: 'three' }, { delay: 5, id: 'three' })] },
        round: { actions: { type: 'say', params: { type: 'round' } } },
      },
    });
    const { snapshot, commands } = enterMachine(talking, self, null);
    expect(snapshot.context).toEqual({ heard: ['one', 'two'] });
    expect(commands).toMatchObject([{ kind: 'delay', id: 'three' }]);
    expect(() => stepMachine(snapshot, self, { type: 'round' })).toThrow('without end');
  });

  test('what user code throws is thrown, at the start as well', () => {
    const throwing = setup({}).createMachine({
      id: 'throwing',
      context: () => {
        throw new Error('no context today');
      },
    });
    expect(() => enterMachine(throwing, self, null)).toThrow('no context today');
  });
});

describe('a persisted machine', () => {
  test('is restored to a snapshot that goes on as the original would', () => {
    const { snapshot } = entered();
    const text = JSON.stringify(persistMachine(snapshot, {}));
    const parsed = JSON.parse(text) as PersistedMachine;
    const children = { fetch: { src: 'fetch', input: { name: 'n' } } };
    const restored = restoreMachine(machine, self, parsed, children);
    const original = stepMachine(snapshot, self, done);
    const again = stepMachine(restored, self, done);
    expect(again.commands).toEqual(original.commands);
    expect(persistMachine(again.snapshot, {})).toEqual(persistMachine(original.snapshot, {}));
  });

  test('of a state the machine does not have is refused', () => {
    const value: StateValue = 'nowhere';
    const persisted = { status: 'active', value, context: {} } as const;
    expect(() => restoreMachine(machine, self, persisted, {})).toThrow(
      'machine "probe" cannot be restored in this state',
    );
  });
});

test('accepted events are those of the active states', () => {
  const { snapshot } = stepMachine(entered().snapshot, self, done);
  expect([...acceptedEvents(snapshot)].toSorted()).toEqual([
    'later',
    'never',
    'now',
    'wake',
    'xstate.after.wait.probe.waiting',
  ]);
});

test('is tried with the version that was asked for', () => {
  expect(setup === (oldestSetup as unknown)).toBe(
    process.env['BACKSTEP_XSTATE'] === 'xstate-lowest',
  );
});
