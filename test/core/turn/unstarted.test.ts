/** What a person may not do to a saga that has not begun. */
import { expect, test } from 'vitest';
import { orderSaga } from '../../fixtures/order-saga.ts';
import { legalCommands } from '../../../src/core/turn/legal.ts';
import { begin, turn } from '../../../src/core/turn/turn.ts';
import { ORDER, REFUSED } from './saga-driver.ts';

test('one that is parked in its queue goes on, but its input and its hold are not edited', () => {
  const hold = { startAtMs: null, isLimited: true };
  const { state: queued } = begin(orderSaga, 'saga-1', ORDER, 1_000, null, hold);
  const parked = turn(orderSaga, queued, { kind: 'park', failure: REFUSED }, 2_000);
  if (parked.kind !== 'advanced') throw new Error('not parked');
  expect(legalCommands(parked.state)).toEqual(['retry', 'cancel', 'terminate']);
  const retry = (context?: object) =>
    turn(
      orderSaga,
      parked.state,
      {
        kind: 'command',
        command: { name: 'retry', ...(context ? { context: { ...context } } : {}) },
      },
      3_000,
    );
  for (const context of [{ input: { nonsense: 1 } }, { hold: null }, { results: {} }]) {
    expect(() => retry(context)).toThrow(
      'the context of saga saga-1 may be edited in nothing, for it has not begun; not ',
    );
  }
  expect(retry()).toMatchObject({ kind: 'advanced', state: { status: 'waiting' } });
});
