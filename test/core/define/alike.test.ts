import { describe, expect, it } from 'vitest';
import { setup } from 'xstate';
import { orderSaga } from '../../fixtures/order-saga.ts';
import { activity } from '../../../src/core/activity.ts';
import { durable } from '../../../src/core/define/durable.ts';
import { commandChoices, distinctChoices } from '../../../src/core/turn/legal-reason.ts';
import { ORDER, SagaDriver } from '../turn/saga-driver.ts';

describe('the commands that a person is offered', () => {
  it('have cancel alone where it and compensate lead the same way', () => {
    const { state } = new SagaDriver(orderSaga, ORDER);
    const names = distinctChoices(state).map(({ command }) => command);
    expect(names).toContain('cancel');
    expect(names).not.toContain('compensate');
    expect(commandChoices(state)).toHaveLength(names.length + 1);
  });

  it('have both where the machine makes a difference between them', () => {
    const { state } = new SagaDriver(choosySaga, null);
    expect(distinctChoices(state)).toEqual(commandChoices(state));
  });
});

const choosySaga = durable(
  setup({ actors: { book: activity(), unbook: activity() } }).createMachine({
    id: 'choosy',
    initial: 'booking',
    states: {
      booking: {
        invoke: { id: 'book', src: 'book', onDone: 'over' },
        on: { 'backstep.cancel': 'undoing', 'backstep.compensate': 'undone' },
      },
      undoing: {
        tags: ['compensating'],
        meta: { compensates: 'book' },
        invoke: { id: 'unbook', src: 'unbook', onDone: 'undone' },
      },
      over: { type: 'final' },
      undone: { type: 'final', tags: ['compensated'] },
    },
  }),
);
