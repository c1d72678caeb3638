/**
 * The notification participant: queues the confirmation, cancels it, delivers it once the order
 * is final.
 *
 * Must never send before the order completed: a mail cannot be taken back, so sending is not a
 * step of the saga. Invariant: a notification goes from queued to sent or to cancelled, never
 * between those two; one cancelled before it was queued fences its key.
 */
import {
  transactional,
  type ExpectedStatement,
  type TransactionalActivity,
} from '../../src/core/activity.ts';
import type { Confirmation } from '../../machines/order.ts';
import { forwardKeyOf } from '../forward-key.ts';
import { confirmationMail, type Mail, type SendMail } from './mail.ts';
import { writeAll, type OrderReader, type OrderWriter } from '../order/order-tables.ts';

/** Most mails delivered for one order at a time; an order has one. */
const MAX_MAILS_PER_ORDER = 10;

const TYPE = 'order_confirmation';

/** What delivery needs; `sendMail` null puts mails into the mailbox table. */
export interface DeliveryOptions {
  readonly reader: OrderReader;
  readonly write: OrderWriter;
  readonly sendMail: SendMail | null;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
}

/** Whose event is delivered, and when to stop. */
export interface EventDelivery {
  readonly sagaId: string;
  readonly signal: AbortSignal;
}

const QUEUE = `
  INSERT INTO notifications
    (notification_id, saga_id, order_id, type, recipient, subject, status, queued_at)
  VALUES ($1, $2, $3, $4, $5, $6, 'queued', $7)
  ON CONFLICT (notification_id) DO UPDATE SET order_id = excluded.order_id
  WHERE notifications.status <> 'cancelled'`;

const CANCEL = `
  INSERT INTO notifications
    (notification_id, saga_id, order_id, type, recipient, subject, status, cancelled_at)
  VALUES ($1, $2, $3, $4, $5, $6, 'cancelled', $7)
  ON CONFLICT (notification_id) DO UPDATE SET
    status = 'cancelled', cancelled_at = coalesce(notifications.cancelled_at, excluded.cancelled_at)
  WHERE notifications.status <> 'sent'`;

/** Selects from the queued row, so that a cancelled or sent one is not delivered. */
const PUT_INTO_MAILBOX = `
  INSERT INTO mailbox (notification_id, message_id, recipient, subject, body, delivered_at)
  SELECT notification_id, $1, recipient, subject, $2, $3 FROM notifications
  WHERE notification_id = $4 AND status = 'queued'
  ON CONFLICT (notification_id) DO NOTHING`;

const MARK_SENT = `
  UPDATE notifications SET status = 'sent', sent_at = $1, sent_via = $2
  WHERE notification_id = $3 AND status = 'queued'`;

/** Queues the mail under the step's key. Fails permanently with `fenced` after a cancellation. */
export const sendConfirmation: TransactionalActivity<Confirmation, { notificationId: string }> =
  transactional((mail, { key, sagaId, nowMs }) => ({
    statements: [
      {
        sql: QUEUE,
        parameters: [key, sagaId, mail.orderId, TYPE, mail.recipient, mail.subject, nowMs],
        expect: { changes: 1, code: 'fenced', message: 'this confirmation was cancelled before' },
      },
    ],
    output: { notificationId: key },
  }));

/**
 * Takes the mail out of the queue; accepts that it never was there, and fences its key. Fails
 * permanently with `already-sent`.
 */
export const cancelConfirmation: TransactionalActivity<Confirmation, void> = transactional(
  (mail, context) => {
    const { sagaId, nowMs } = context;
    const key = forwardKeyOf(context);
    return {
      statements: [
        {
          sql: CANCEL,
          parameters: [key, sagaId, mail.orderId, TYPE, mail.recipient, mail.subject, nowMs],
          expect: { changes: 1, code: 'already-sent', message: 'the confirmation was sent' },
        },
      ],
      output: undefined,
    };
  },
);

/**
 * The subscriber of `order.completed` `{ orderId }`: delivers what that saga queued for the order.
 *
 * The event arrives at least once. Into the mailbox a mail goes exactly once, for delivery and mark
 * are one transaction. Over SMTP a crash between sending and marking sends it again, with the same
 * Message-ID, so that a receiver can tell; nothing better can be had from SMTP. Throws when the
 * mail could not be delivered; the event then comes again.
 */
export function createDelivery(options: DeliveryOptions) {
  const { reader, write, sendMail, nowMs } = options;
  return async (event: { readonly type: string }, delivery: EventDelivery): Promise<void> => {
    const queued = await reader
      .selectFrom('notifications')
      .select(['notification_id', 'order_id', 'recipient', 'subject'])
      .where('order_id', '=', orderIdOf(event))
      .where('saga_id', '=', delivery.sagaId)
      .where('status', '=', 'queued')
      .orderBy('id')
      .limit(MAX_MAILS_PER_ORDER)
      .execute();
    for (const row of queued) {
      const mail = confirmationMail(row);
      delivery.signal.throwIfAborted();
      if (sendMail !== null) await sendMail(mail);
      await writeAll(write, deliveryOf(mail, sendMail === null ? 'mailbox' : 'smtp', nowMs()));
    }
  };
}

function deliveryOf(mail: Mail, via: 'mailbox' | 'smtp', nowMs: number): ExpectedStatement[] {
  const id = mail.notificationId;
  const sent = { sql: MARK_SENT, parameters: [nowMs, via, id] };
  if (via === 'smtp') return [sent];
  // The mail is put into the mailbox while it is still queued, then it is marked.
  return [{ sql: PUT_INTO_MAILBOX, parameters: [mail.messageId, mail.body, nowMs, id] }, sent];
}

function orderIdOf(event: { readonly type: string }): string {
  const orderId: unknown = Reflect.get(event, 'orderId');
  if (typeof orderId === 'string') return orderId;
  throw new TypeError(`the event ${event.type} names no order`);
}
