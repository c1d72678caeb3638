/** What is still ahead of a machine, by where it stands in its drawing. */
import { describe, expect, test } from 'vitest';
import { type AnyStateMachine, type AnyStateNode, setup } from 'xstate';
import { activity } from '../../../src/core/activity.ts';
import { durable } from '../../../src/core/define/durable.ts';
import { isAhead, startNodes, type Way } from '../../../src/core/machine/events-ahead.ts';
import { nodesOf } from '../../../src/core/machine/machine-nodes.ts';

const kit = setup({
  actors: { work: activity<null, null>() },
  guards: { never: () => false },
  delays: { soon: 1_000 },
});
const work = { id: 'work', src: 'work', input: null } as const;

/** The events ahead of a saga in these states. */
function aheadOf(machine: AnyStateMachine, states: readonly string[], way: Way = 'drawing') {
  const all = nodesOf(machine);
  const active = new Set<AnyStateNode>([machine.root]);
  for (const name of states) {
    const node = all.find(({ id }) => id === `${machine.id}.${name}`);
    if (node === undefined) throw new Error(`no state ${name}`);
    for (let at: AnyStateNode | undefined = node; at !== undefined; at = at.parent) active.add(at);
  }
  return eventsFrom(machine, [...active], way);
}

function eventsFrom(machine: AnyStateMachine, nodes: readonly AnyStateNode[], way: Way) {
  const types = machine.events.map(String).filter((type) => /^[a-z]+$/.test(type));
  return types.filter((type) => isAhead(nodes, type, way)).join(' ');
}

describe('a machine', () => {
  const line = kit.createMachine({
    id: 'line',
    initial: 'one',
    states: {
      one: { invoke: { ...work, onDone: 'two', onError: 'lost' }, on: { a: {} } },
      two: { after: { soon: 'three' }, on: { b: { guard: 'never', target: 'three' } } },
      three: { always: { guard: 'never', target: 'four' }, on: { c: 'end' } },
      four: {
        initial: 'inner',
        onDone: 'five',
        states: { inner: { on: { d: 'over' } }, over: { type: 'final' } },
      },
      five: { on: { e: 'end' } },
      lost: { on: { f: 'end' } },
      end: { type: 'final' },
    },
  });

  test('starts with all of it ahead, save what it forbids', () => {
    expect(eventsFrom(line, startNodes(line), 'drawing')).toBe('b c d e f');
  });

  test('is followed over results, delays, eventless transitions and ends of inner states', () => {
    expect(aheadOf(line, ['two'])).toBe('b c d e');
    expect(aheadOf(line, ['four.inner'])).toBe('d e');
    expect(aheadOf(line, ['lost'])).toBe('f');
    expect(aheadOf(line, ['end'])).toBe('');
  });

  test('that may start again has what comes then ahead', () => {
    const round = kit.createMachine({
      id: 'round',
      initial: 'one',
      on: { again: '.one' },
      states: {
        one: { on: { a: 'two' } },
        two: { on: { b: 'end' } },
        end: {},
      },
    });
    expect(aheadOf(round, ['end'])).toBe('again a b');
  });
});

describe('regions side by side', () => {
  const regions = kit.createMachine({
    id: 'regions',
    type: 'parallel',
    states: {
      left: {
        initial: 'one',
        states: { one: { on: { a: 'two' } }, two: { on: { b: 'one', reset: '#regions.right' } } },
      },
      right: {
        initial: 'one',
        states: { one: { on: { c: 'two' } }, two: { on: { d: 'three' } }, three: {} },
      },
    },
  });
  const later = kit.createMachine({
    id: 'later',
    initial: 'both',
    states: {
      both: {
        type: 'parallel',
        states: {
          left: { initial: 'one', states: { one: { on: { a: 'two' } }, two: { type: 'final' } } },
          right: { initial: 'one', states: { one: { on: { b: 'two' } }, two: { type: 'final' } } },
        },
        onDone: 'after',
      },
      after: { on: { c: 'both', d: { target: 'both', reenter: true } } },
    },
  });

  test('each have what is ahead of them', () => {
    expect(aheadOf(later, ['both.left.two', 'both.right.one'])).toBe('a b c d');
    expect(aheadOf(regions, ['left.one', 'right.three'])).toContain('c');
  });

  test('do not start again with another one', () => {
    const apart = kit.createMachine({
      id: 'apart',
      type: 'parallel',
      states: {
        left: { initial: 'one', states: { one: { on: { a: 'two' } }, two: { on: { b: 'one' } } } },
        right: { initial: 'one', states: { one: { on: { c: 'two' } }, two: {} } },
      },
    });
    expect(aheadOf(apart, ['left.one', 'right.two'])).toBe('a b');
  });
});

test('whoever comes into one region comes into those beside it', () => {
  const rooms = kit.createMachine({
    id: 'rooms',
    initial: 'outside',
    states: {
      outside: { on: { enter: '#rooms.inside.left.two' } },
      inside: {
        type: 'parallel',
        states: {
          left: {
            initial: 'one',
            states: { one: { on: { a: 'two' } }, two: { on: { b: 'two' } } },
          },
          right: { initial: 'one', states: { one: { on: { c: 'two' } }, two: {} } },
        },
      },
    },
  });
  expect(aheadOf(rooms, ['outside'])).toBe('enter b c');
});

test('history leads to any state that it may remember', () => {
  const shop = kit.createMachine({
    id: 'shop',
    initial: 'open',
    states: {
      open: {
        initial: 'one',
        states: {
          one: { on: { a: 'two' } },
          two: { on: { b: 'one' } },
          back: { type: 'history' },
        },
        on: { close: 'closed' },
      },
      closed: { on: { open: 'open.back' } },
    },
  });
  expect(aheadOf(shop, ['closed'])).toBe('close a b open');
});

describe('a command of an operator', () => {
  const manned = kit.createMachine({
    id: 'manned',
    initial: 'asking',
    on: { 'backstep.retry': '.asking' },
    states: {
      asking: { on: { approve: 'shipping' } },
      shipping: {
        invoke: { ...work, onDone: 'sent', onError: 'manual' },
        on: { 'backstep.skip': 'byHand' },
      },
      byHand: { tags: ['waiting'], on: { carried: 'sent' } },
      manual: { on: { 'backstep.skip': 'sent', 'backstep.compensate': 'undoing' } },
      sent: { on: { received: 'end' } },
      undoing: { tags: ['compensating'], invoke: { ...work, id: 'undo', onError: 'stuck' } },
      stuck: { tags: ['compensation_failed'], on: { 'backstep.retry': 'asking' } },
      given: {
        tags: ['failed'],
        after: { soon: 'given' },
        on: { 'backstep.retry': 'asking' },
      },
      end: { type: 'final' },
    },
  });

  test('counts where the drawing leaves the saga to a person', () => {
    expect(aheadOf(manned, ['manual'])).toBe('received');
    expect(aheadOf(manned, ['given'])).toBe('approve received');
  });

  test('does not count where the saga goes on by itself', () => {
    expect(aheadOf(manned, ['shipping'])).toBe('received');
    expect(aheadOf(manned, ['asking'])).toBe('approve received');
  });

  test('does not count on the way back', () => {
    expect(aheadOf(manned, ['undoing'])).toBe('');
    expect(aheadOf(manned, ['stuck'])).toBe('');
  });

  test('counts wherever it stands for what is kept already', () => {
    expect(aheadOf(manned, ['stuck'], 'command')).toBe('approve carried received');
  });
});

describe('wildcards', () => {
  const wild = kit.createMachine({
    id: 'wild',
    initial: 'one',
    states: {
      one: { invoke: { ...work, onDone: 'two' } },
      two: { on: { 'order.*': 'three' } },
      three: { on: { '*': 'one' } },
    },
  });

  test('stand for all that they take', () => {
    const nodes = startNodes(wild);
    expect(isAhead(nodes, 'order.paid', 'drawing')).toBe(true);
    expect(isAhead(nodes, 'anything', 'drawing')).toBe(true);
  });

  test('let any type be kept, one of them by itself none', () => {
    expect(durable(wild, { keepsEarly: ['order.paid', 'order'] }).keepsEarly).toHaveLength(2);
    expect(() => durable(wild, { keepsEarly: ['order.*'] })).toThrow(
      'saga "wild" keeps early by the wildcard "order.*"; name each event type',
    );
  });
});

test('a definition that keeps what it never takes is refused, with the nearest name', () => {
  const machine = kit.createMachine({
    id: 'stay',
    initial: 'one',
    states: { one: { on: { approve: 'two' } }, two: { type: 'final' } },
  });
  expect(() => durable(machine, { keepsEarly: ['aprove'] })).toThrow(
    'saga "stay" keeps early "aprove", which it never takes (did you mean "approve"?)',
  );
});
