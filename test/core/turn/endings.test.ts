/** Ends that the ledger does not bear out: the saga is parked as it was, and nothing is lost. */
import { describe, expect, test } from 'vitest';
import { type AnyStateMachine, setup, spawnChild } from 'xstate';
import { activity } from '../../../src/core/activity.ts';
import type { SagaDefinition } from '../../../src/core/define/definition.ts';
import { durable } from '../../../src/core/define/durable.ts';
import { legalCommands } from '../../../src/core/turn/legal.ts';
import { UNSETTLED } from '../../../src/core/turn/park-instead.ts';
import { replay } from '../../../src/core/history/replay.ts';
import { BUSY, LOST, REFUSED, SagaDriver } from './saga-driver.ts';

const kit = setup({
  actors: {
    book: activity<null, null>(),
    cancelBooking: activity<null, null>(),
    charge: activity<null, null>(),
    log: activity<null, null>(),
  },
  delays: { 'charge.timeout': 1_000, 'charge.retry': 500 },
  actions: { log: spawnChild('log', { id: 'log', input: null }) },
});

const invoke = (id: 'book' | 'cancelBooking' | 'charge', onDone: string, onError: string) => ({
  invoke: { id, src: id, input: null, onDone, onError },
});

/** Books, waits, charges; `more` are states in place of the sound ones. */
function definitionOf(more: Readonly<Record<string, object>>): SagaDefinition {
  const states = {
    booking: { meta: { step: 'book' }, ...invoke('book', 'waiting', 'undone') },
    waiting: { tags: ['waiting'], on: { pay: 'charging', reject: 'undoing' } },
    charging: {
      meta: { step: 'charge', kind: 'pivot' },
      ...invoke('charge', 'done', 'undoing'),
    },
    undoing: {
      tags: ['compensating'],
      meta: { compensates: 'book' },
      ...invoke('cancelBooking', 'undone', 'stuck'),
    },
    stuck: { tags: ['compensation_failed'], on: { 'backstep.skip': 'undone' } },
    done: { type: 'final' },
    undone: { type: 'final', tags: ['compensated'] },
    ...more,
  };
  const machine = kit.createMachine({ id: 'hotel', initial: 'booking', states } as never);
  return durable(machine as unknown as AnyStateMachine);
}

function started(more: Readonly<Record<string, object>> = {}): SagaDriver {
  return new SagaDriver(definitionOf(more), null);
}

const FORGETS = { waiting: { tags: ['waiting'], on: { pay: 'charging', reject: 'undone' } } };

describe('an end as compensated', () => {
  test('is parked while a step is done, and the reason names the step', () => {
    const saga = started(FORGETS);
    saga.done('book');
    saga.send({ type: 'reject' });
    expect(saga.state).toMatchObject({
      status: 'parked',
      snapshot: { value: 'waiting', status: 'active' },
      parkReason: {
        code: UNSETTLED,
        message:
          'it would end compensated in undone, but step "book" is done and was not compensated; ' +
          'compensate it, or retry it once its definition is mended',
      },
    });
  });

  test('is parked while a step is in doubt', () => {
    const saga = started();
    saga.fail('book', LOST);
    expect(saga.state.parkReason?.message).toContain('step "book" may have happened');
    expect(saga.stepStatus('book')).toBe('in_doubt');
  });

  test('is parked while a compensation failed', () => {
    const saga = started({
      undoing: {
        tags: ['compensating'],
        meta: { compensates: 'book' },
        ...invoke('cancelBooking', 'undone', 'undone'),
      },
    });
    saga.done('book');
    saga.send({ type: 'reject' });
    saga.fail('cancelBooking', REFUSED);
    expect(saga.state.parkReason?.message).toContain('step "book" could not be compensated');
  });

  test('is as drawn when every step failed for certain or was compensated', () => {
    const refused = started();
    refused.fail('book', REFUSED);
    expect(refused.state.status).toBe('compensated');
    const undone = started();
    undone.done('book');
    undone.send({ type: 'reject' });
    undone.done('cancelBooking');
    expect(undone.state.status).toBe('compensated');
  });

  test('is none once a person gave the compensation up', () => {
    const saga = started();
    saga.done('book');
    saga.send({ type: 'reject' });
    saga.fail('cancelBooking', REFUSED);
    saga.take({ kind: 'command', command: { name: 'skip', by: 'ada', reason: 'kept' } });
    expect(saga.state).toMatchObject({
      status: 'compensation_failed',
      resolution: { by: 'ada', reason: 'kept' },
    });
  });
});

describe('an end as completed', () => {
  const PAYS_ANYWAY = {
    charging: {
      meta: { step: 'charge', kind: 'pivot' },
      ...invoke('charge', 'done', 'done'),
      after: { 'charge.timeout': 'done' },
    },
  };

  const charging = (more: Readonly<Record<string, object>> = PAYS_ANYWAY): SagaDriver => {
    const saga = started(more);
    saga.done('book');
    saga.send({ type: 'pay' });
    return saga;
  };

  test('is parked while a step is in doubt, after a lost answer and after a time-out', () => {
    const lost = charging();
    lost.fail('charge', LOST);
    expect(lost.state.parkReason?.message).toContain('step "charge" may have happened');
    const late = charging();
    late.fireTimer('charge.timeout');
    expect(late.state.status).toBe('parked');
  });

  test('is as drawn when another step stands in for one that failed for certain', () => {
    const saga = charging();
    saga.fail('charge', REFUSED);
    expect(saga.state.status).toBe('completed');
  });

  test('is as drawn for an actor that it spawned, which ends with it', () => {
    const saga = charging({
      charging: {
        meta: { step: 'charge', kind: 'pivot' },
        entry: 'log',
        ...invoke('charge', 'done', 'undoing'),
      },
    });
    saga.done('charge');
    expect(saga.state.status).toBe('completed');
    expect(saga.stepStatus('log')).toBe('in_doubt');
  });
});

test('a plain machine that speaks of no step ends as it does live', () => {
  const states = {
    charging: { ...invoke('charge', 'done', 'done'), after: { 'charge.timeout': 'done' } },
    done: { type: 'final' },
  };
  const machine = kit.createMachine({ id: 'plain', initial: 'charging', states } as never);
  const saga = new SagaDriver(durable(machine as unknown as AnyStateMachine), null);
  saga.fail('charge', LOST);
  expect(saga.state.status).toBe('completed');
  expect(saga.stepStatus('charge')).toBe('in_doubt');
});

describe('what had come in', () => {
  test('an event is kept, is answered as a duplicate, and is taken once the machine is mended', () => {
    const saga = started(FORGETS);
    saga.done('book');
    saga.send({ type: 'reject' }, 'no-1');
    expect(saga.state.early).toEqual([{ id: 'no-1', event: { type: 'reject' } }]);
    expect(saga.send({ type: 'reject' }, 'no-1').kind).toBe('noted');

    saga.command('retry');
    expect(saga.state.status).toBe('parked');

    const mended = saga.under(definitionOf({}));
    mended.command('retry');
    expect(mended.trail.at(-1)).toBe('undoing');
    mended.done('cancelBooking');
    expect(mended.state.status).toBe('compensated');
  });

  test('a success comes again under its key when the saga goes on', () => {
    const saga = started({
      booking: { meta: { step: 'book' }, ...invoke('book', 'undone', 'undone') },
    });
    saga.done('book');
    expect(saga.state.status).toBe('parked');
    saga.command('retry');
    expect(saga.effects).toMatchObject([{ key: 'saga-1/book/forward/1', attempt: 1 }]);
  });

  test('a certain failure stays one', () => {
    const saga = started({
      charging: {
        meta: { step: 'charge', kind: 'pivot' },
        ...invoke('charge', 'done', 'undone'),
      },
    });
    saga.done('book');
    saga.send({ type: 'pay' });
    saga.fail('charge', BUSY);
    expect(saga.state.parkReason?.message).toContain('step "book"');
    expect(saga.state.steps.at(-1)).toMatchObject({ name: 'charge', status: 'failed' });
    saga.command('terminate');
    expect(saga.stepStatus('charge')).toBe('failed');
  });

  test('replays from the journal to the same state', () => {
    const saga = started(FORGETS);
    saga.done('book');
    saga.send({ type: 'reject' });
    const { turns, flaw } = replay(definitionOf(FORGETS), 'saga-1', saga.records);
    expect(flaw).toBeNull();
    expect(turns.at(-1)?.state.parkReason).toEqual(saga.state.parkReason);
  });
});

describe('a machine that ended as failed or compensation_failed by itself', () => {
  test('needs a person still, who can say that it may rest so', () => {
    const saga = started({ stuck: { type: 'final', tags: ['compensation_failed'] } });
    saga.done('book');
    saga.send({ type: 'reject' });
    saga.fail('cancelBooking', REFUSED);
    expect(saga.state).toMatchObject({ status: 'compensation_failed', resolution: null });
    expect(legalCommands(saga.state)).toEqual(['accept-partial', 'terminate']);
    saga.take({ kind: 'command', command: { name: 'accept-partial', by: 'ada' } });
    expect(saga.state).toMatchObject({
      status: 'compensation_failed',
      resolution: { by: 'ada' },
      steps: [{ name: 'book', status: 'skipped' }],
    });
    expect(legalCommands(saga.state)).toEqual([]);
  });
});

test('an attempt spawned again under the id of one that runs takes its place', () => {
  const machine = kit.createMachine({
    id: 'twice',
    initial: 'on',
    states: { on: { on: { again: { actions: 'log' }, end: 'over' } }, over: { type: 'final' } },
  });
  const saga = new SagaDriver(durable(machine), null);
  saga.send({ type: 'again' });
  saga.send({ type: 'again' });
  expect(saga.effects.map(({ kind }) => kind)).toEqual(['stop-activity', 'start-activity']);
  const running = saga.state.steps.filter(({ status }) => status === 'running');
  expect(running).toHaveLength(Object.keys(saga.state.live.activities).length);
  saga.send({ type: 'end' });
  expect(saga.state.status).toBe('completed');
  expect(saga.state.steps.map(({ status }) => status)).not.toContain('running');
});
