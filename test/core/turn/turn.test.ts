/** The pure turn, tried with the order saga: tokens, keys, notes, order of compensation. */
import { describe, expect, test } from 'vitest';
import { orderSaga } from '../../fixtures/order-saga.ts';
import type { Effect } from '../../../src/core/turn/inbound.ts';
import { legalCommands } from '../../../src/core/turn/legal.ts';
import { BUSY, LOST, ORDER, REFUSED, SagaDriver } from './saga-driver.ts';

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

describe('the happy path', () => {
  test('runs every step once, in order, and emits its event when it completes', () => {
    const saga = orderAfter(4);
    expect(saga.started).toEqual(FORWARD);
    expect(saga.state.status).toBe('completed');
    expect(saga.effects).toEqual([
      { kind: 'emit', index: 0, event: { type: 'order.completed', orderId: 'order-1' } },
    ]);
    expect(saga.state.steps.map((step) => step.status)).toEqual(Array(4).fill('completed'));
  });

  test('leaves nothing live behind, the deadline included', () => {
    expect(orderAfter(4).state.live).toEqual({ activities: {}, timers: {} });
  });

  test('is the same, byte for byte, when it is taken again', () => {
    expect(JSON.stringify(orderAfter(3).state.live)).toBe(JSON.stringify(orderAfter(3).state.live));
  });
});

describe('compensation', () => {
  test.each(FORWARD.map((step, index) => ({ step, index })))(
    'undoes exactly the finished steps, in reverse, when $step fails for certain',
    ({ step, index }) => {
      const saga = orderAfter(index);
      saga.fail(step, REFUSED);
      const owed = BACKWARD.slice(4 - index);
      for (const compensation of owed) saga.done(compensation, null);
      expect(saga.started).toEqual([...FORWARD.slice(0, index + 1), ...owed]);
      expect(saga.state.status).toBe('compensated');
      expect(saga.stepStatus(step)).toBe('failed');
      expect(saga.state.failureReason?.code).toBe('refused');
    },
  );

  test.each(FORWARD.map((step, index) => ({ step, index })))(
    'undoes $step too when its outcome is unknown and the budget is spent',
    ({ step, index }) => {
      const saga = orderAfter(index);
      saga.fail(step, { ...LOST, retryable: false });
      const probes = step === 'processPayment' ? ['findPayment'] : [];
      for (const probe of probes) saga.fail(probe, REFUSED);
      const owed = BACKWARD.slice(3 - index);
      for (const compensation of owed) saga.done(compensation, null);
      expect(saga.started.slice(index + 1)).toEqual([...probes, ...owed]);
      expect(saga.stepStatus(step)).toBe('compensated');
    },
  );

  test('counts one doubtful attempt even when a later one failed for certain', () => {
    const saga = orderAfter(1);
    saga.fail('processPayment', LOST);
    saga.fireTimer('processPayment.retry');
    saga.fail('processPayment', REFUSED);
    expect(saga.trail.at(-1)).toBe('forward.processPayment.probing.running');
  });

  test('waits for a person when a compensation fails for good, and is never compensated', () => {
    const saga = orderAfter(3);
    saga.fail('updateOrder', REFUSED);
    saga.done('cancelConfirmation', null);
    saga.fail('refundPayment', REFUSED);
    expect(saga.state.status).toBe('compensation_failed');
    expect(saga.started).not.toContain('releaseInventory');
    expect(legalCommands(saga.state)).toEqual([
      'retry',
      'skip',
      'accept-partial',
      'edit-context',
      'terminate',
    ]);

    saga.command('retry');
    saga.done('refundPayment', { refundId: null });
    saga.done('releaseInventory', null);
    expect(saga.state.status).toBe('compensated');
  });
});

describe('retries', () => {
  test('wait longer each time, then the step completes under the same key', () => {
    const saga = orderAfter(1);
    const keys = new Set(starts(saga.effects).map((effect) => effect.key));
    const waitsMs: number[] = [];
    for (const _ of [1, 2]) {
      saga.fail('processPayment', BUSY);
      expect(saga.trail.at(-1)).toBe('forward.processPayment.retrying');
      const dueMs = saga.state.steps.at(-1)?.nextAttemptAtMs ?? 0;
      waitsMs.push(dueMs - saga.nowMs);
      saga.fireTimer('processPayment.retry');
      for (const effect of starts(saga.effects)) keys.add(effect.key);
    }
    saga.done('processPayment');
    expect(waitsMs[1]).toBeGreaterThan(waitsMs[0] ?? Infinity);
    expect([...keys]).toEqual(['saga-1/processPayment/forward/1']);
    expect(saga.state.steps[1]).toMatchObject({ status: 'completed', attempts: 3 });
  });

  test('end when the attempts are spent', () => {
    const saga = order();
    for (let attempt = 1; attempt < 5; attempt++) {
      saga.fail('reserveInventory', BUSY);
      saga.fireTimer('reserveInventory.retry');
    }
    saga.fail('reserveInventory', BUSY);
    expect(saga.state.status).toBe('compensated');
    expect(saga.stepStatus('reserveInventory')).toBe('failed');
  });

  test('do not follow a permanent failure', () => {
    const saga = order();
    saga.fail('reserveInventory', REFUSED);
    expect(saga.started).toEqual(['reserveInventory']);
  });

  test('start at once when a person orders it', () => {
    const saga = order();
    saga.fail('reserveInventory', BUSY);
    expect(legalCommands(saga.state)).toContain('retry');
    saga.command('retry');
    expect(saga.started).toEqual(['reserveInventory', 'reserveInventory']);
    expect(Object.keys(saga.state.live.timers).some((id) => id.includes('.retry.'))).toBe(false);
  });
});

describe('time-outs', () => {
  test('of an attempt have no due time of their own: they run from dispatch', () => {
    const [start] = starts(order().effects);
    expect(start?.timeout?.delayMs).toBe(3_000);
    const timers = Object.values(order().state.live.timers);
    expect(timers.filter((timer) => timer.dueMs === undefined)).toHaveLength(1);
  });

  test('leave the step in doubt: tried again with the same key, then compensated', () => {
    const saga = orderAfter(1);
    for (let attempt = 1; attempt < 6; attempt++) {
      saga.fireTimer('processPayment.timeout');
      expect(saga.effects[0]?.kind).toBe('stop-activity');
      saga.fireTimer('processPayment.retry');
      expect(starts(saga.effects)[0]?.key).toBe('saga-1/processPayment/forward/1');
    }
    saga.fireTimer('processPayment.timeout');
    expect(starts(saga.effects)[0]).toMatchObject({
      key: 'saga-1/processPayment/probe/1',
      forwardKey: 'saga-1/processPayment/forward/1',
    });
    saga.fail('findPayment', REFUSED);
    expect(saga.trail.at(-1)).toBe('compensating.refundPayment.running');
    expect(starts(saga.effects)[0]).toMatchObject({
      key: 'saga-1/processPayment/compensate/1',
      forwardKey: 'saga-1/processPayment/forward/1',
    });
    expect(saga.state.failureReason?.code).toBe('timeout');
  });

  test('of the whole saga compensate the step under way as well', () => {
    const saga = orderAfter(1);
    saga.fireTimer('deadline');
    expect(saga.stepStatus('processPayment')).toBe('compensating');
    expect(saga.state.failureReason?.code).toBe('deadline');
    saga.done('refundPayment', null);
    saga.done('releaseInventory', null);
    expect(saga.state.status).toBe('compensated');
  });

  test('never fire early', () => {
    const saga = order();
    const [id, timer] = Object.entries(saga.state.live.timers).find(([key]) =>
      key.includes('deadline'),
    ) ?? ['', { token: 0 }];
    const taken = saga.take({ kind: 'timer', timer: id, token: timer.token });
    expect(taken).toMatchObject({ kind: 'noted', record: { note: 'early timer: not due yet' } });
    expect(saga.state.live.timers[id]).toBeDefined();
  });
});
