/** A child saga in place of an activity, seen from the pure turn of its parent. */
import { expect, test } from 'vitest';
import { MAX_DISPATCHES } from '../../../src/core/turn/turn.ts';
import { customerSaga } from '../../runtime/outside/family-sagas.ts';
import { REFUSED, SagaDriver } from './saga-driver.ts';

function interrupt(saga: SagaDriver): void {
  saga.take({ kind: 'interrupted', activity: 'account', token: saga.tokenOf('account') });
}

test('restarts of the engine are no starts of a child: it is looked at again for ever', () => {
  const saga = new SagaDriver(customerSaga, { name: 'Ada' });
  for (let restart = 0; restart < 2 * MAX_DISPATCHES; restart++) {
    interrupt(saga);
    expect(saga.effects).toMatchObject([
      { kind: 'start-activity', child: { id: 'saga-1.account.1', isUnwinding: false } },
    ]);
  }
  expect(saga.state.status).toBe('running');
});

test('a child that failed for certain after a restart is no doubt of its parent', () => {
  const saga = new SagaDriver(customerSaga, { name: 'Ada' });
  interrupt(saga);
  saga.fail('account', REFUSED);
  expect(saga.state.steps).toMatchObject([{ name: 'account', error: { ambiguous: false } }]);
});

test('pausing and resuming a parent is no second start of its child', () => {
  const saga = new SagaDriver(customerSaga, { name: 'Ada' });
  saga.command('pause');
  saga.command('resume');
  expect(saga.effects).toMatchObject([{ kind: 'start-activity', activity: 'account' }]);
  saga.fail('account', REFUSED);
  expect(saga.state.steps).toMatchObject([{ name: 'account', error: { ambiguous: false } }]);
});
