import { describe, expect, it } from 'vitest';
import { orderSaga } from '../fixtures/order-saga.ts';
import { outlookOf } from '../../src/explain/outlook.ts';
import { BUSY, ORDER, REFUSED, SagaDriver } from '../core/turn/saga-driver.ts';

describe('the outlook of a saga', () => {
  it('is the attempt under way, with its number, budget and time-out, then the deadline', () => {
    const order = new SagaDriver(orderSaga, ORDER);
    expect(outlookOf(orderSaga, order.state)).toEqual([
      {
        kind: 'attempt',
        activity: 'reserveInventory',
        step: 'reserveInventory',
        direction: 'forward',
        attempt: 1,
        budget: 5,
        dispatches: 1,
        childId: null,
        timeoutMs: 3_000,
      },
      { kind: 'timer', delay: 'deadline', dueMs: order.nowMs + 300_000 },
    ]);
  });

  it('is the next attempt and when it is due, forward and back', () => {
    const order = new SagaDriver(orderSaga, ORDER);
    order.fail('reserveInventory', BUSY);
    const [next, deadline] = outlookOf(orderSaga, order.state);
    const forward = { kind: 'retry', activity: 'reserveInventory', attempt: 2, budget: 5 };
    expect(next).toMatchObject({ ...forward, direction: 'forward' });
    expect(next).toHaveProperty('dueMs', expect.any(Number));
    expect(deadline).toMatchObject({ kind: 'timer', delay: 'deadline' });
    order.fireTimer('reserveInventory.retry');
    order.done('reserveInventory');
    order.fail('processPayment', REFUSED);
    order.fail('releaseInventory', BUSY);
    const back = { kind: 'retry', activity: 'releaseInventory', attempt: 2, budget: 6 };
    expect(outlookOf(orderSaga, order.state)).toMatchObject([{ ...back, direction: 'compensate' }]);
  });

  it('is empty where only a person can go on', () => {
    const order = new SagaDriver(orderSaga, ORDER);
    order.done('reserveInventory');
    order.command('pause');
    expect(order.state.status).toBe('paused');
    expect(outlookOf(orderSaga, order.state)).toEqual([]);
    order.command('resume');
    order.fail('processPayment', REFUSED);
    order.fail('findPayment', REFUSED);
    order.fail('refundPayment', REFUSED);
    expect(order.state.status).toBe('compensation_failed');
    expect(outlookOf(orderSaga, order.state)).toEqual([]);
  });
});
