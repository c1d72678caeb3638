/**
 * What `/saga/*` answers, as schemas for the OpenAPI document; see api/answers.ts.
 */
import { z } from 'zod';
import { SAGA_STATUSES } from '../../core/status.ts';
import { isRemoved, startStatus } from '../../server/api/answers.ts';

const time = z.string().meta({ format: 'date-time' });
const text = z.string();
const status = z.enum(SAGA_STATUSES);
const count = z.int().min(0);
const money = z.string().meta({ examples: ['12.50'] });

export const OrderStarted = z.object({
  saga_id: text,
  order_id: text,
  status: startStatus,
  is_removed: isRemoved,
});

export const OrderStatus = z.object({
  id: text,
  type: text,
  status,
  data: z.unknown(),
  failure_reason: z.looseObject({ code: text, message: text }).nullable(),
  compensation_outcome: z.enum(['complete', 'partial', 'failed']).nullable(),
  steps: z.array(
    z.object({
      step_name: text,
      status: text,
      data: z.unknown(),
      attempts: count,
      executed_at: time.nullable(),
      compensation: z
        .object({
          name: text,
          status: text,
          attempts: count,
          error: z.looseObject({ code: text, message: text }).nullable(),
          executed_at: time.nullable(),
        })
        .nullable(),
    }),
  ),
});

export const OrderSagaRow = z.object({
  id: text,
  order_id: text.nullable(),
  type: text,
  status,
  step_name: text.nullable(),
  attempts: count,
  error: text.nullable(),
  started_at: time,
  updated_at: time,
  ended_at: time.nullable(),
});

export const OrderStats = z.object({
  total: count,
  ...Object.fromEntries(SAGA_STATUSES.map((name) => [name, count])),
});

export const InventoryAnswer = z.object({
  items: z.array(
    z.object({
      product_id: text,
      name: text,
      initial: count,
      on_hand: count,
      reserved: count,
      shipped: count,
    }),
  ),
  reservations: z.array(
    z.object({
      reservation_id: text,
      saga_id: text,
      order_id: text,
      product_id: text,
      quantity: count,
      status: text,
      reserved_at: time.nullable(),
      expires_at: time.nullable(),
    }),
  ),
});

export const PaymentRow = z.object({
  transaction_id: text,
  saga_id: text,
  order_id: text,
  amount: money,
  currency: text,
  payment_method: text,
  status: z.enum(['completed', 'refunded']),
  processed_at: time,
  refunded_at: time.nullable(),
});

export const NotificationRow = z.object({
  notification_id: text,
  saga_id: text,
  order_id: text,
  type: text,
  recipient: text,
  status: z.enum(['queued', 'sent', 'cancelled']),
  queued_at: time.nullable(),
  sent_at: time.nullable(),
  cancelled_at: time.nullable(),
});

/** `currency` null: nothing was paid for it. */
export const OrderRow = z.object({
  order_id: text,
  saga_id: text,
  customer_id: text,
  product_id: text,
  quantity: count,
  status: text,
  amount: money,
  currency: text.nullable(),
  reason: text.nullable(),
  confirmed_at: time.nullable(),
  reverted_at: time.nullable(),
});
