/** A journal replayed through the core gives the saga back; one that cannot says where and why. */
import { describe, expect, test } from 'vitest';
import { assign, createMachine, sendParent, sendTo, setup } from 'xstate';
import { orderSaga } from '../../fixtures/order-saga.ts';
import { activity } from '../../../src/core/activity.ts';
import { encodeState } from '../../../src/core/history/codec.ts';
import type { SagaDefinition } from '../../../src/core/define/definition.ts';
import { durable } from '../../../src/core/define/durable.ts';
import type { CommandName, Inbound, JournalRecord } from '../../../src/core/turn/inbound.ts';
import { recordOfLine, replay, storedTextOf } from '../../../src/core/history/replay.ts';
import { parkedAsItWas, unreadableRecord } from '../../../src/core/turn/kept-text/unreadable.ts';
import { Journaled } from './journaled-saga.ts';
import { BUSY, LOST, ORDER, REFUSED } from '../turn/saga-driver.ts';

function order(): Journaled {
  return new Journaled(orderSaga, ORDER);
}

/** Its journal gives its stored text, and the state before every turn on the way. */
function expectFaithful(saga: Journaled): void {
  const replayed = saga.replayed();
  expect(replayed.flaw).toBeNull();
  expect(replayed.turns).toHaveLength(saga.state.seq);
  expect(storedTextOf(replayed)).toBe(encodeState(saga.state));
}

const kit = setup({
  types: {
    context: {} as { note: string },
    events: {} as { type: 'approved' } | { type: 'told' } | { type: `backstep.${CommandName}` },
  },
  actors: {
    book: activity<{ note: string }, null>(),
    cancel: activity<null, null>(),
    part: activity<null, null>(),
  },
});

const input = ({ context }: { readonly context: { note: string } }) => context;

const whole = durable(
  kit.createMachine({
    id: 'whole',
    context: { note: '' },
    initial: 'booking',
    states: {
      booking: {
        invoke: {
          id: 'book',
          src: 'book',
          input,
          onDone: 'approving',
          onError: 'giving',
        },
      },
      approving: { tags: ['waiting'], on: { approved: 'sharing' } },
      sharing: {
        entry: sendTo('part', { type: 'approved' }),
        invoke: { id: 'part', src: 'part', input: null, onDone: 'completed', onError: 'undoing' },
        on: { told: { actions: assign({ note: 'told' }) } },
      },
      undoing: {
        tags: ['compensating'],
        meta: { compensates: 'book' },
        invoke: { id: 'cancel', src: 'cancel', input: null, onDone: 'undone', onError: 'stuck' },
      },
      giving: {
        tags: ['failed'],
        on: { 'backstep.retry': 'booking', 'backstep.skip': 'approving' },
      },
      stuck: {
        tags: ['compensation_failed'],
        on: { 'backstep.retry': 'undoing', 'backstep.accept-partial': 'accepted' },
      },
      completed: { type: 'final' },
      undone: { type: 'final', tags: ['compensated'] },
      accepted: { type: 'final', tags: ['compensation_failed'] },
    },
  }),
  { keepsEarly: ['approved'], children: { part: orderSaga } },
);

describe('the journal of a saga gives its snapshot', () => {
  test('after a retry, a doubt, a late result and a compensation', () => {
    const saga = order().done('reserveInventory', { reservationId: 'r-1' });
    const token = saga.state.live.activities['processPayment']?.token ?? 0;
    const late: Inbound = {
      kind: 'result',
      activity: 'processPayment',
      token,
      outcome: { kind: 'done', output: null },
    };
    saga.fire('processPayment.timeout').take(late).fire('processPayment.retry');
    saga.fail('processPayment', LOST).fire('processPayment.retry').fail('processPayment');
    saga.done('findPayment', { kind: 'unknown' }).fire('findPayment.retry');
    saga.fail('findPayment', REFUSED);
    saga.fail('refundPayment', BUSY).fire('refundPayment.retry').done('refundPayment', null);
    saga.done('releaseInventory');
    expect(saga.state.status).toBe('compensated');
    expectFaithful(saga);
  });

  test('after crashes, that make the last answer count as in doubt', () => {
    const saga = order();
    const { token } = saga.state.live.activities['reserveInventory'] ?? { token: 0 };
    saga.take({ kind: 'interrupted', activity: 'reserveInventory', token });
    saga.fail('reserveInventory');
    expect(saga.state.steps[0]?.mayHaveHappened).toBe(true);
    expectFaithful(saga);
  });

  test('after every kind of command, context and reasons included', () => {
    const command = (name: 'pause' | 'resume' | 'skip' | 'accept-partial' | 'edit-context') =>
      ({ kind: 'command', command: { name, by: 'ada', reason: 'seen' } }) as const;
    const saga = new Journaled(whole, null).take(command('pause')).take(command('resume'));
    saga.fail('book').take({
      kind: 'command',
      command: { name: 'retry', context: { note: 'from a person' } },
    });
    expect(saga.state.live.activities['book']?.input).toEqual({ note: 'from a person' });
    saga.fail('book').take(command('skip')).event('a-1', { type: 'approved' });
    saga.fail('part').fail('cancel').take(command('accept-partial'));
    expect(saga.state.resolution?.by).toBe('ada');
    expectFaithful(saga);
  });

  test('after events that came early and twice, and messages of a child', () => {
    const saga = new Journaled(whole, null).event('a-1', { type: 'approved' });
    saga.event('a-1', { type: 'approved' }).done('book').event('m-1', { type: 'told' });
    saga.done('part');
    expect(saga.state.status).toBe('completed');
    expectFaithful(saga);
  });

  test('when another saga started it: the record says which', () => {
    const telling = durable(
      kit.createMachine({
        id: 'part',
        context: { note: '' },
        initial: 'booking',
        states: {
          booking: { invoke: { id: 'part', src: 'part', input: null, onDone: 'told' } },
          told: { type: 'final', entry: sendParent({ type: 'told' }) },
        },
      }),
    );
    const parent = { sagaId: 'saga-0', step: 'part' };
    const saga = new Journaled(telling, null, parent).done('part');
    expectFaithful(saga);
    const { turns } = saga.replayed();
    expect(turns.at(-1)?.state.parent).toEqual(parent);
    expect(turns.at(-1)?.effects).toContainEqual(
      expect.objectContaining({ kind: 'send', to: 'saga-0' }),
    );
  });

  test('after it was parked as unreadable: its text stays that of the turn before', () => {
    const saga = order().done('reserveInventory', { reservationId: 'r-1' });
    const text = encodeState(saga.state);
    saga.texts.push(JSON.stringify(unreadableRecord(3, REFUSED, saga.nowMs)));
    expect(storedTextOf(saga.replayed())).toBe(text);
    saga.state = parkedAsItWas(saga.state, 3);
    saga.take({ kind: 'command', command: { name: 'retry' } });
    expect(storedTextOf(saga.replayed())).toBe(encodeState(saga.state));
  });
});

describe('a journal that does not replay', () => {
  const flawOf = (saga: Journaled, definition?: SagaDefinition) => saga.replayed(definition).flaw;

  test('names the first record that leads elsewhere, and keeps the states before it', () => {
    const saga = new Journaled(whole, null).done('book').event('a-1', { type: 'approved' });
    const edited = durable(
      kit.createMachine({
        id: 'whole',
        context: { note: '' },
        initial: 'booking',
        states: {
          booking: { invoke: { id: 'book', src: 'book', input, onDone: 'approving' } },
          approving: { on: { approved: 'completed' } },
          completed: { type: 'final' },
        },
      }),
    );
    const { turns, flaw } = saga.replayed(edited);
    expect(turns).toHaveLength(1);
    expect(flaw).toEqual({
      sagaSeq: 2,
      why: 'xstate.done.actor.book: status was waiting and is now running',
    });
  });

  test('says so when a record is missing, at the start or later', () => {
    const saga = order().done('reserveInventory').done('processPayment');
    saga.texts.splice(1, 1);
    expect(flawOf(saga)).toEqual({
      sagaSeq: 3,
      why: 'record 2 is missing: the journal goes on at 3',
    });
    saga.texts.splice(0, 1);
    expect(flawOf(saga)?.why).toBe('record 1 is missing: the journal goes on at 3');
  });

  test('says so when what was taken is refused, or throws, in other code', () => {
    const saga = new Journaled(whole, null).event('a-1', { type: 'approved' });
    const impatient = { ...whole, keepsEarly: [] };
    expect(flawOf(saga, impatient)?.why).toBe(
      'approved is refused (not-accepted) where it was taken before',
    );
    const throwing = durable(
      kit.createMachine({
        id: 'whole',
        context: () => {
          throw new Error('no such tariff');
        },
      }),
    );
    expect(flawOf(saga, throwing)?.why).toBe('the machine throws: no such tariff');
  });

  test('says so when a start stands in the middle, or not at the beginning', () => {
    const twice = order();
    twice.texts.push(JSON.stringify({ ...twice.journal[0], sagaSeq: 2 }));
    expect(flawOf(twice)?.why).toBe('a second start');
    const [first] = order().done('reserveInventory').journal.slice(1);
    const late = { ...(first ?? twice.journal[0]), sagaSeq: 1 } as JournalRecord;
    const none = replay(orderSaga, 'saga-1', [late]);
    expect(none.flaw?.why).toBe('the journal does not begin with a start');
    expect(storedTextOf(none)).toBeNull();
  });
});

describe('a stored line', () => {
  test('gives its record', () => {
    const [record] = order().journal;
    if (record === undefined) throw new Error('a saga has a first record');
    const { inbound, ...line } = record;
    expect(recordOfLine({ ...line, data: JSON.stringify({ inbound }) })).toEqual(record);
  });

  test.each(['{', 'null', '{"inbound":null}', '{"inbound":{"kind":"timer"}}'])(
    'with the data %s is refused',
    (data) => {
      const [record] = order().journal;
      if (record === undefined) throw new Error('a saga has a first record');
      expect(() => recordOfLine({ ...record, data })).toThrow(
        'journal record 1: its data is not JSON with an inbound of kind "start"',
      );
    },
  );
});

test('a journal whose lines name every region of a wide saga, as they once did, is faithful', () => {
  const branches = Array.from({ length: 12 }, (_, nth) => [`b${nth}`, nth] as const);
  const region = (nth: number) =>
    ({
      initial: 'off',
      states: { off: { on: { [`go${nth}`]: 'on' } }, on: { type: 'final' } },
    }) as const;
  const regions = Object.fromEntries(branches.map(([name, nth]) => [name, region(nth)]));
  const saga = new Journaled(
    durable(
      createMachine({
        id: 'wide',
        initial: 'all',
        states: {
          all: {
            type: 'parallel',
            states: regions,
            onDone: 'completed',
          },
          completed: { type: 'final', tags: ['completed'] },
        },
      }),
      { version: 1 },
    ),
    {},
  );
  saga.event('e1', { type: 'go3' });
  const [start, line] = saga.journal;
  if (start === undefined || line === undefined) throw new Error('nothing was recorded');
  expect(line).toMatchObject({ from: 'all.b3.off + 11 more', to: 'all.b3.on + 11 more' });
  const all = (third: string): string =>
    branches.map(([name, nth]) => `all.${name}.${nth === 3 ? third : 'off'}`).join(' + ');
  const once = (from: string | null, to: string) => ({ from, to });
  const older = [
    { ...start, ...once(null, all('off')) },
    { ...line, ...once(all('off'), all('on')) },
  ];
  expect(replay(saga.definition, 'saga-1', older).flaw).toBeNull();
  const wrong = [older[0] ?? start, { ...line, ...once(all('off'), all('off')) }];
  expect(replay(saga.definition, 'saga-1', wrong).flaw?.why).toMatch(/^go3: to was /);
});
