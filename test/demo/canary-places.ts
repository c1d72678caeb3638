/** A saga, a demo and a panel that put secrets wherever they can put a text. */
import { z } from 'zod';
import { PermanentError } from '../../src/core/failure.ts';
import { exponential } from '../../src/core/retry-policy.ts';
import { defineSaga } from '../../src/core/define/saga.ts';
import type { Panel } from '../../src/server/dashboard/services/panel.ts';
import type { Backstep } from '../../src/host/backstep.ts';
import type { Canaries } from './canaries.ts';
import { emptyDemo } from './demo-fixture.ts';

type VaultActivities = {
  open: (input: object) => object;
  close: (input: object) => object;
  pay: (input: object) => object;
  refund: (input: object) => object;
};

const retry = exponential({ first: '1ms', factor: 1, max: '1ms', attempts: 2, jitter: 'none' });
const input = (view: { readonly input: object }): object => view.input;
const vaultSaga = defineSaga({
  id: 'vault',
  input: z.looseObject({ ends: z.enum(['well', 'undone', 'stuck']) }),
  activities: {} as VaultActivities,
})
  .step('open', { input, retry, compensate: { activity: 'close', input, retry } })
  .wait('approval', {
    on: { approve: 'continue', reject: 'compensate' },
    within: '30d',
  })
  .step('pay', { input, retry, compensate: { activity: 'refund', input, retry } })
  .build();

/** Registers the saga; all that its activities answer or throw has secrets in it. */
export function registerVault(backstep: Backstep, canaries: Canaries): void {
  backstep.register(vaultSaga, {
    activities: {
      open: () => ({ ...canaries.value(), iban: canaries.secret() }),
      close: (given) => {
        if (Reflect.get(given, 'ends') === 'stuck') throw new PermanentError('no', canaries.text());
        return canaries.value();
      },
      pay: (given) => {
        if (Reflect.get(given, 'ends') === 'well') return canaries.value();
        throw Object.assign(new Error(canaries.text(), { cause: new Error(canaries.text()) }), {
          code: `token=${canaries.secret()}`,
        });
      },
      refund: () => canaries.value(),
    },
  });
}

/** A participant's own panel. */
export function panelOf(canaries: Canaries): Panel {
  return {
    id: 'safe',
    title: 'Safe',
    read: async () => ({
      columns: ['What'],
      rows: [[canaries.text()], [{ kind: 'saga', id: 'x', text: canaries.text() }]],
      figures: [{ label: 'said', value: canaries.text() }],
      empty: 'nothing',
      nextCursor: null,
    }),
  };
}

/** A demo whose every text names a secret. */
export function demoOf(canaries: Canaries) {
  const now = new Date(0).toISOString();
  const row = () => ({ saga_id: 's', order_id: canaries.text() });
  const page =
    <Item>(item: () => Item) =>
    async () => ({ items: [item()], nextCursor: null });
  return emptyDemo({
    payments: page(() => ({
      ...row(),
      transaction_id: canaries.text(),
      amount: '1.00',
      currency: 'EUR',
      payment_method: 'credit_card',
      status: 'refunded' as const,
      processed_at: now,
      refunded_at: now,
    })),
    notifications: page(() => ({
      ...row(),
      notification_id: canaries.text(),
      type: 'order_confirmation',
      recipient: canaries.text(),
      status: 'queued' as const,
      queued_at: now,
      sent_at: null,
      cancelled_at: null,
    })),
    orders: page(() => ({
      ...row(),
      customer_id: canaries.text(),
      product_id: 'p',
      quantity: 1,
      status: 'reverted',
      amount: '1.00',
      currency: 'EUR',
      reason: canaries.text(),
      confirmed_at: now,
      reverted_at: now,
    })),
    invariants: async () => [],
  });
}
