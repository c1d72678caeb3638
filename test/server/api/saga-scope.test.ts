/** What the question before a command says of its reach. */
import { describe, expect, it } from 'vitest';
import { orderSaga } from '../../fixtures/order-saga.ts';
import { scopeInWords } from '../../../src/explain/command-scope.ts';
import { ORDER, REFUSED, SagaDriver } from '../../core/turn/saga-driver.ts';

describe('the question before a skip', () => {
  it('names what is given up, and not the step that failed and needs nothing', () => {
    const saga = new SagaDriver(orderSaga, ORDER);
    for (const step of ['reserveInventory', 'processPayment', 'sendConfirmation']) saga.done(step);
    saga.fail('updateOrder', REFUSED);
    saga.done('cancelConfirmation');
    saga.fail('refundPayment', REFUSED);
    expect(scopeInWords({ name: 'order o-1', state: saga.state }, 'skip')).toBe(
      'Give up refundPayment of order o-1 and go on? It will not be tried again.',
    );
    saga.command('skip');
    expect(saga.state.steps.filter(({ status }) => status === 'skipped')).toHaveLength(1);
  });
});
