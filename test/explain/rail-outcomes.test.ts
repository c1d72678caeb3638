/** What the rail says of sagas that turned back, stand still, or were settled by a person. */
import { describe, expect, it } from 'vitest';
import { orderSaga } from '../fixtures/order-saga.ts';
import { litStates } from '../../src/explain/chart-lights.ts';
import { railOf, stepsOn } from '../../src/explain/rail.ts';
import { LOST, ORDER, REFUSED, SagaDriver } from '../core/turn/saga-driver.ts';

describe('the rail', () => {
  it('says that what was not reached never runs where a compensation gave up', () => {
    const order = new SagaDriver(orderSaga, ORDER);
    order.done('reserveInventory');
    order.fail('processPayment', REFUSED);
    order.fail('releaseInventory', REFUSED);
    expect(order.state.status).toBe('compensation_failed');
    expect(sidesOf(order)[2]).toEqual(['idle', 'idle']);
    order.command('pause');
    expect(sidesOf(order)[2]).toEqual(['idle', 'idle']);
  });

  it('keeps what a person accepted as done, with its compensation given up', () => {
    const order = new SagaDriver(orderSaga, ORDER);
    order.done('reserveInventory');
    order.done('processPayment');
    order.fail('sendConfirmation', REFUSED);
    order.fail('refundPayment', REFUSED);
    order.command('accept-partial', 'refunded by hand');
    expect(sidesOf(order)).toEqual([
      ['completed', 'skipped'],
      ['completed', 'skipped'],
      ['failed', 'idle'],
      ['idle', 'idle'],
    ]);
    const [lit] = litStates(orderSaga, order.state, ['forward.reserveInventory.running']).filter(
      ({ path }) => path === 'forward.reserveInventory',
    );
    expect(lit?.light).toBe('done');
  });

  it('keeps a step in doubt as such when its compensation was given up', () => {
    const order = new SagaDriver(orderSaga, ORDER);
    order.fail('reserveInventory', { ...LOST, retryable: false });
    order.fail('releaseInventory', REFUSED);
    order.command('accept-partial');
    expect(sidesOf(order)[0]).toEqual(['in_doubt', 'skipped']);
  });

  it('says while the saga is paused that no timer acts, and keeps what lies ahead pending', () => {
    const order = new SagaDriver(orderSaga, ORDER);
    expect(railOf(orderSaga, order.state)?.isStill).toBe(false);
    order.command('pause');
    expect(railOf(orderSaga, order.state)?.isStill).toBe(true);
    expect(sidesOf(order)[3]).toEqual(['pending', 'idle']);
  });
});

/** Forward side and compensation of every step. */
function sidesOf({ state }: SagaDriver) {
  const rail = railOf(orderSaga, state);
  return (rail === null ? [] : stepsOn(rail)).map(({ forward, compensation }) => [
    forward.status,
    compensation?.status,
  ]);
}
