/**
 * The four participants fit the contract of the order saga and the doors of the store; what the
 * type checker says is the test, the rest keeps the files honest.
 */
import { describe, expect, it } from 'vitest';
import { createFaults, withFaults } from '../../../actors/faults/faults.ts';
import { releaseInventory, reserveInventory } from '../../../actors/inventory/inventory.ts';
import {
  cancelConfirmation,
  createDelivery,
  sendConfirmation,
} from '../../../actors/notification/notification.ts';
import type { OrderTables } from '../../../actors/order/order-tables.ts';
import { revertOrder, updateOrder } from '../../../actors/order/order.ts';
import { createPayments } from '../../../actors/payment/payment.ts';
import { type OrderActivities, orderSaga } from '../../../machines/order.ts';
import type { Activities } from '../../../src/core/activity.ts';
import type { Bindings } from '../../../src/host/backstep.ts';
import type { Store } from '../../../src/store/store.ts';

type Doors = Pick<Store, 'reader' | 'write'>;

describe('the order activities', () => {
  it('fit the contract of the order saga, with faults before each', () => {
    const activities: Activities<OrderActivities> = {
      reserveInventory,
      releaseInventory,
      ...createPayments({ providerUrl: 'http://127.0.0.1:1', write: unused }),
      sendConfirmation,
      cancelConfirmation,
      updateOrder,
      revertOrder,
    };
    const faults = createFaults({ activities: Object.keys(activities), random: Math.random });
    const bindings: Bindings = { activities: withFaults(faults, activities) };
    const bound = Object.keys(bindings.activities).toSorted();
    expect(bound).toEqual([...orderSaga.activities].toSorted());
  });

  it('take the store as it is', () => {
    const bind = ({ reader, write }: Doors): Bindings['subscribers'] => ({
      'order.completed': createDelivery({
        reader: reader<OrderTables>(),
        write,
        sendMail: null,
        nowMs: Date.now,
      }),
    });
    expect(bind).toBeTypeOf('function');
  });
});

function unused(): Promise<{ kind: 'committed' }> {
  return Promise.resolve({ kind: 'committed' });
}
