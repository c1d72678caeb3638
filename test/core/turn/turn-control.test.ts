/** The pure turn, tried with the order saga: late results, commands, crashes, parking. */
import { describe, expect, test } from 'vitest';
import { orderSaga } from '../../fixtures/order-saga.ts';
import type { Effect } from '../../../src/core/turn/inbound.ts';
import { legalCommands } from '../../../src/core/turn/legal.ts';
import { MAX_DISPATCHES } from '../../../src/core/turn/turn.ts';
import { LOST, ORDER, REFUSED, SagaDriver } from './saga-driver.ts';

const FORWARD = ['reserveInventory', 'processPayment', 'sendConfirmation', 'updateOrder'];
const BACKWARD = ['revertOrder', 'cancelConfirmation', 'refundPayment', 'releaseInventory'];

function order(): SagaDriver {
  return new SagaDriver(orderSaga, ORDER);
}

/** An order whose first `count` steps are done. */
function orderAfter(count: number): SagaDriver {
  const saga = order();
  for (const step of FORWARD.slice(0, count)) saga.done(step);
  return saga;
}

function starts(effects: readonly Effect[]): readonly (Effect & { kind: 'start-activity' })[] {
  return effects.filter((effect) => effect.kind === 'start-activity');
}

describe('what is not live any more', () => {
  test('never makes a transition: a late result is a note', () => {
    const saga = orderAfter(1);
    const token = saga.tokenOf('processPayment');
    saga.fireTimer('processPayment.timeout');
    const late = { kind: 'result', activity: 'processPayment', token } as const;
    const before = saga.trail.at(-1);
    const taken = saga.take({ ...late, outcome: { kind: 'done', output: null } });
    expect(taken.kind).toBe('noted');
    expect(saga.trail.at(-1)).toBe(before);
    saga.fireTimer('processPayment.retry');
    expect(saga.take({ ...late, outcome: { kind: 'done', output: null } }).kind).toBe('noted');
    expect(saga.trail.at(-1)).toBe('forward.processPayment.running');
  });

  test('the same result twice is taken once', () => {
    const saga = order();
    const token = saga.tokenOf('reserveInventory');
    saga.done('reserveInventory');
    const again = { kind: 'result', activity: 'reserveInventory', token } as const;
    expect(saga.take({ ...again, outcome: { kind: 'done', output: null } }).kind).toBe('noted');
    expect(saga.started).toEqual(['reserveInventory', 'processPayment']);
  });

  test('a result after the end is a note', () => {
    const saga = orderAfter(4);
    const late = { kind: 'result', activity: 'updateOrder', token: 5 } as const;
    expect(saga.take({ ...late, outcome: { kind: 'failed', failure: LOST } }).kind).toBe('noted');
    expect(saga.state.status).toBe('completed');
  });

  test('a stale timer is a note', () => {
    const saga = order();
    const [id = '', timer] =
      Object.entries(saga.state.live.timers).find(([key]) => key.includes('timeout')) ?? [];
    saga.done('reserveInventory');
    const taken = saga.take({ kind: 'timer', timer: id, token: timer?.token ?? 0 });
    expect(taken.kind).toBe('noted');
  });
});

describe('commands', () => {
  test('cancel compensates the step under way and those before it', () => {
    const saga = orderAfter(2);
    saga.command('cancel', 'the customer changed their mind');
    expect(saga.effects[0]).toMatchObject({ kind: 'stop-activity', activity: 'sendConfirmation' });
    for (const each of BACKWARD.slice(1)) saga.done(each, null);
    expect(saga.state.status).toBe('compensated');
    expect(saga.state.failureReason).toMatchObject({
      code: 'cancelled',
      message: 'the customer changed their mind',
    });
  });

  test('terminate stops without compensating', () => {
    const saga = orderAfter(2);
    saga.command('terminate');
    expect(saga.state.status).toBe('terminated');
    expect(saga.state.live).toEqual({ activities: {}, timers: {} });
    expect(saga.effects).toEqual([
      { kind: 'stop-activity', activity: 'sendConfirmation', token: 3, child: null },
    ]);
  });

  test('that are not legal are refused with the legal ones', () => {
    const saga = orderAfter(1);
    expect(saga.command('retry')).toEqual({
      kind: 'refused',
      reason: 'not-accepted',
      legal: ['compensate', 'pause', 'cancel', 'terminate'],
    });
    saga.command('cancel');
    expect(saga.command('cancel')).toMatchObject({
      kind: 'refused',
      legal: ['pause', 'terminate'],
    });
  });

  test('are refused once the saga has ended', () => {
    expect(orderAfter(4).command('cancel')).toEqual({
      kind: 'refused',
      reason: 'ended',
      legal: [],
    });
  });
});

describe('a crash', () => {
  test('starts the interrupted attempt again: same token, same key, counted', () => {
    const saga = orderAfter(1);
    const token = saga.tokenOf('processPayment');
    saga.take({ kind: 'interrupted', activity: 'processPayment', token });
    expect(starts(saga.effects)[0]).toMatchObject({
      token,
      key: 'saga-1/processPayment/forward/1',
      attempt: 1,
      timeout: { delayMs: 2_000 },
    });
    expect(saga.state.live.activities['processPayment']?.dispatches).toBe(2);
  });

  test('that keeps happening ends the attempt, in doubt', () => {
    const saga = orderAfter(1);
    const token = saga.tokenOf('processPayment');
    for (let dispatch = 1; dispatch <= MAX_DISPATCHES; dispatch++) {
      saga.take({ kind: 'interrupted', activity: 'processPayment', token });
    }
    saga.fail('findPayment', REFUSED);
    expect(saga.trail.at(-1)).toBe('compensating.refundPayment.running');
    expect(saga.state.failureReason?.code).toBe('interrupted');
  });
});

describe('what ends an attempt in good order', () => {
  const interrupt = (saga: SagaDriver, more: { readonly wasClean?: true } = {}): void => {
    const token = saga.tokenOf('processPayment');
    saga.take({ kind: 'interrupted', activity: 'processPayment', token, ...more });
  };
  const isRunning = (saga: SagaDriver): boolean =>
    saga.trail.at(-1) === 'forward.processPayment.running';

  test('is started again as often as it happens, with the same key', () => {
    const saga = orderAfter(1);
    for (let stop = 0; stop < 5 * MAX_DISPATCHES; stop++) interrupt(saga, { wasClean: true });
    expect(isRunning(saga)).toBe(true);
    expect(starts(saga.effects)[0]?.key).toBe('saga-1/processPayment/forward/1');
  });

  test.each([
    ['a stop of the engine', (saga: SagaDriver) => interrupt(saga, { wasClean: true })],
    [
      'a pause',
      (saga: SagaDriver) => {
        saga.command('pause');
        saga.command('resume');
      },
    ],
    [
      'a parking',
      (saga: SagaDriver) => {
        saga.take({ kind: 'park', failure: REFUSED });
        saga.command('retry');
      },
    ],
  ])('leaves the doubt, but no count: %s', (_, stop) => {
    const saga = orderAfter(1);
    for (let stops = 0; stops < 2 * MAX_DISPATCHES; stops++) stop(saga);
    for (let crash = 1; crash < MAX_DISPATCHES; crash++) interrupt(saga);
    expect(isRunning(saga)).toBe(true);
    const { dispatches } = saga.state.live.activities['processPayment'] ?? {};
    expect(dispatches).toBe(3 * MAX_DISPATCHES);
    // Refused for certain, but an earlier start of the same attempt may have charged.
    saga.fail('processPayment', REFUSED);
    expect(saga.state.steps.at(-1)).toMatchObject({ status: 'in_doubt', mayHaveHappened: true });
  });

  test('does not save one that ends the process again and again', () => {
    const saga = orderAfter(1);
    for (let crash = 1; crash <= MAX_DISPATCHES; crash++) {
      expect(isRunning(saga)).toBe(true);
      interrupt(saga, { wasClean: true });
      interrupt(saga);
    }
    expect(isRunning(saga)).toBe(false);
    expect(saga.state.steps.at(-1)?.error?.code).toBe('interrupted');
  });
});

describe('parking', () => {
  test('freezes the saga; retry goes on from there with the same key', () => {
    const saga = orderAfter(1);
    saga.take({ kind: 'park', failure: REFUSED });
    expect(saga.state.status).toBe('parked');
    expect(saga.effects.map((effect) => effect.kind)).toEqual(['stop-activity']);
    expect(saga.fireTimer('deadline').kind).toBe('noted');
    expect(legalCommands(saga.state)).toEqual([
      'retry',
      'compensate',
      'edit-context',
      'cancel',
      'terminate',
    ]);

    saga.command('retry');
    expect(saga.state.status).toBe('running');
    expect(starts(saga.effects)[0]?.key).toBe('saga-1/processPayment/forward/1');
    saga.done('processPayment');
    expect(saga.trail.at(-1)).toBe('forward.sendConfirmation.running');
  });
});
