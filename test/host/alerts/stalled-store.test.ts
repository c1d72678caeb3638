/** A store that cannot write is told of while it cannot, and written down once it can. */
import { expect, it, onTestFinished } from 'vitest';
import { openBackstep } from '../../../src/index.ts';
import { connect, temporaryDatabase } from '../../store/store-fixture.ts';
import { orderSaga } from '../../fixtures/order-saga.ts';
import { receiver, SECRET } from './killed-alerts.ts';

it('is told under the id that is written down later, and is over', async () => {
  const database = temporaryDatabase();
  const { url, received, came, forged } = await receiver();
  const backstep = await openBackstep({
    database,
    lockWaitMs: 0,
    firstRetryDelayMs: 20,
    maxRetryDelayMs: 50,
    alerts: {
      rules: [{ name: 'disk', when: { kind: 'store-stalled', longerThan: '1s' } }],
      targets: { desk: { url, secret: SECRET, timeout: '2s' } },
    },
  });
  onTestFinished(() => backstep.stop({ within: 0 }));
  const done = (): { receipt: string } => ({ receipt: 'r' });
  const names = ['reserveInventory', 'releaseInventory', 'processPayment', 'refundPayment'];
  const others = ['sendConfirmation', 'cancelConfirmation', 'updateOrder', 'revertOrder'];
  const activities = Object.fromEntries([...names, ...others].map((name) => [name, done]));
  backstep.register(orderSaga, {
    activities: { ...activities, findPayment: () => ({ kind: 'unknown' }) } as never,
  });
  await backstep.start();
  const other = connect(database);
  other.exec('BEGIN IMMEDIATE');
  const started = backstep.spawn(orderSaga, { input: { orderId: 'o-1' } });
  started.catch(() => {}); // refused, or begun once the lock is gone
  await came(1);
  expect(backstep.health().kind).toBe('stalled');
  expect(received[0]?.alert).toMatchObject({
    type: 'alert.opened',
    data: { rule: 'disk', condition: 'store-stalled', now: 1 },
  });
  other.exec('ROLLBACK');
  await came(2);
  expect(received[1]?.alert).toMatchObject({ type: 'alert.resolved', data: { now: 0 } });
  expect(received[1]?.alert.data.incident).toBe(received[0]?.alert.data.incident);
  const outcomes = async () =>
    (await backstep.alerts.deliveries({ limit: 10, cursor: null })).items.map(
      ({ message, kind, outcome }) => [message, kind, outcome],
    );
  await expect.poll(outcomes).toEqual([
    [received[1]?.id, 'resolved', 'delivered'],
    [received[0]?.id, 'opened', 'delivered'],
  ]);
  expect(forged).toEqual([]);
  const [incident] = (await backstep.alerts.incidents({ limit: 1, cursor: null })).items;
  expect(incident).toMatchObject({ rule: 'disk', now: 0, total: 1 });
  expect(incident?.resolvedAtMs).not.toBeNull();
}, 30_000);
