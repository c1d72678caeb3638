/** Stored states: what goes out comes back, what is damaged is refused. */
import { describe, expect, test } from 'vitest';
import { orderSaga } from '../../fixtures/order-saga.ts';
import { decodeState, encodeState } from '../../../src/core/history/codec.ts';
import { LOST, ORDER, SagaDriver } from '../turn/saga-driver.ts';

function stored(): Record<string, unknown> {
  const saga = new SagaDriver(orderSaga, ORDER);
  saga.fail('reserveInventory', LOST);
  return JSON.parse(encodeState(saga.state)) as Record<string, unknown>;
}

const decode = (value: unknown) => decodeState(orderSaga, 'saga-1', JSON.stringify(value));

test('a state comes back as it went', () => {
  const text = JSON.stringify(stored());
  expect(encodeState(decodeState(orderSaga, 'saga-1', text))).toBe(text);
});

test('steps stand at the top level, where the view reads them', () => {
  expect(stored()['steps']).toMatchObject([{ name: 'reserveInventory', status: 'retrying' }]);
});

describe('a damaged state', () => {
  const machine = stored()['machine'] as object;

  test.each([
    ['no JSON', 'x', 'is not JSON'],
    ['no object', '[]', 'lacks a part'],
  ])('with %s is refused', (_, text, message) => {
    expect(() => decodeState(orderSaga, 'saga-1', text)).toThrow(message);
  });

  test.each([
    ['garbage status', { ...stored(), status: 'happy' }, 'unknown status happy'],
    [
      'garbage machine status',
      { ...stored(), machine: { ...machine, status: 'great' } },
      'unknown machine status great',
    ],
    ['no context', { ...stored(), machine: { ...machine, context: null } }, 'lacks a part'],
    ['no live part', { ...stored(), live: {} }, 'lacks a part'],
    [
      'an unknown state',
      { ...stored(), machine: { ...machine, value: { forward: 'lunch' } } },
      'cannot be restored in this state',
    ],
  ])('with %s is refused', (_, value, message) => {
    expect(() => decode(value)).toThrow(message);
  });
});
