/**
 * A demo whose every text is an attack, and faults that only remember what was asked of them.
 */
import type { ActiveFault, FaultControls } from '../../src/demo/lab/fault-controls.ts';
import type { OrderDemo } from '../../src/demo/order/order-demo.ts';
import { emptyDemo } from './demo-fixture.ts';

/** Breaks out of text, attributes and tags where it is not escaped. */
export const SCRIPT = `"'><script>alert(1)</script><img src=x onerror=alert(2)>`;

export function invariant(name: string) {
  const statement = `${name} adds up`;
  return { name, statement, holds: true, expected: 1, actual: 1, isExactAtRestOnly: false };
}

export function recordingFaults(): FaultControls & { readonly calls: string[] } {
  const calls: string[] = [];
  return {
    calls,
    set(activity) {
      calls.push(`set ${activity}`);
      return fault(activity);
    },
    reseed: () => void calls.push('reseed'),
    clear: () => void calls.push('clear'),
    list: () => [],
  };
}

export function hostileFaults(): FaultControls {
  return { ...recordingFaults(), list: () => [fault(SCRIPT)] };
}

function fault(activity: string): ActiveFault {
  const figures = { failNext: 1, failureRate: 0, latencyMs: 0, calls: 0, hits: 0 };
  return { activity, mode: SCRIPT, ...figures };
}

export function hostileDemo(): OrderDemo {
  const now = new Date(0).toISOString();
  const ids = { saga_id: SCRIPT, order_id: SCRIPT };
  const stock = { initial: 1, on_hand: 1, reserved: 0, shipped: 0 };
  const page =
    <Item>(item: Item) =>
    async () => ({ items: [item], nextCursor: null });
  return emptyDemo({
    inventory: async () => ({
      items: [{ product_id: SCRIPT, name: SCRIPT, ...stock }],
      reservations: [],
    }),
    payments: page({
      ...ids,
      transaction_id: SCRIPT,
      amount: SCRIPT,
      currency: SCRIPT,
      payment_method: SCRIPT,
      status: 'completed' as const,
      processed_at: now,
      refunded_at: null,
    }),
    notifications: page({
      ...ids,
      notification_id: SCRIPT,
      type: SCRIPT,
      recipient: SCRIPT,
      status: 'queued' as const,
      queued_at: now,
      sent_at: null,
      cancelled_at: null,
    }),
    orders: page({
      ...ids,
      customer_id: SCRIPT,
      product_id: SCRIPT,
      quantity: 1,
      status: SCRIPT,
      amount: SCRIPT,
      currency: SCRIPT,
      reason: SCRIPT,
      confirmed_at: null,
      reverted_at: null,
    }),
    invariants: async () => [{ ...invariant(SCRIPT), holds: false }],
  });
}
