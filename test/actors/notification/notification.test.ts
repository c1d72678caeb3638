import { describe, expect, it } from 'vitest';
import { createSmtpSender, type Mail } from '../../../actors/notification/mail.ts';
import {
  cancelConfirmation,
  createDelivery,
  sendConfirmation,
} from '../../../actors/notification/notification.ts';
import { NOW_MS, openDemoDatabase, type DemoDatabase } from '../demo-database.ts';
import { startSmtpServer } from './smtp-server.ts';

const MAIL = { orderId: 'order-1', recipient: 'ann@shop.example', subject: 'Your order order-1' };
const STEP = { key: 'saga-1/sendConfirmation/forward/1' };
const COMPENSATION = { key: 'saga-1/sendConfirmation/compensate/1', forwardKey: STEP.key };
const COMPLETED = { type: 'order.completed', orderId: 'order-1' };
const DELIVERY = { sagaId: 'saga-1', signal: new AbortController().signal };

describe('sending a confirmation', () => {
  it('queues the mail once and delivers nothing yet', async () => {
    const db = await openDemoDatabase();
    await db.run(sendConfirmation, MAIL, STEP);
    expect(await db.run(sendConfirmation, MAIL, STEP)).toEqual({ kind: 'committed' });
    expect(db.rows('notifications')).toMatchObject([
      { notification_id: STEP.key, status: 'queued', sent_at: null },
    ]);
    expect(db.rows('mailbox')).toEqual([]);
  });
});

describe('cancelling a confirmation', () => {
  it('takes it out of the queue, so that it is never delivered', async () => {
    const db = await openDemoDatabase();
    await db.run(sendConfirmation, MAIL, STEP);
    await db.run(cancelConfirmation, MAIL, COMPENSATION);
    expect(await db.run(cancelConfirmation, MAIL, COMPENSATION)).toEqual({ kind: 'committed' });
    await deliverToMailbox(db);
    expect(db.rows('notifications')).toMatchObject([{ status: 'cancelled' }]);
    expect(db.rows('mailbox')).toEqual([]);
  });

  it('accepts that it was never queued, and refuses the mail that comes later', async () => {
    const db = await openDemoDatabase();
    expect(await db.run(cancelConfirmation, MAIL, COMPENSATION)).toEqual({ kind: 'committed' });
    expect(await db.run(sendConfirmation, MAIL, STEP)).toMatchObject({ code: 'fenced' });
  });

  it('does not pretend that a mail can be taken back', async () => {
    const db = await openDemoDatabase();
    await db.run(sendConfirmation, MAIL, STEP);
    await deliverToMailbox(db);
    expect(await db.run(cancelConfirmation, MAIL, COMPENSATION)).toMatchObject({
      code: 'already-sent',
    });
    expect(db.rows('notifications')).toMatchObject([{ status: 'sent' }]);
  });
});

describe('delivery into the mailbox', () => {
  it('happens once, however often the event arrives, also at the same time', async () => {
    const db = await openDemoDatabase();
    await db.run(sendConfirmation, MAIL, STEP);
    await Promise.all([deliverToMailbox(db), deliverToMailbox(db)]);
    await deliverToMailbox(db);
    expect(db.rows('mailbox')).toMatchObject([
      { notification_id: STEP.key, recipient: MAIL.recipient, delivered_at: NOW_MS },
    ]);
    expect(db.rows('notifications')).toMatchObject([{ status: 'sent', sent_via: 'mailbox' }]);
  });

  it('leaves the mails of another saga alone', async () => {
    const db = await openDemoDatabase();
    await db.run(sendConfirmation, MAIL, { ...STEP, sagaId: 'saga-2' });
    await deliverToMailbox(db);
    expect(db.rows('notifications')).toMatchObject([{ status: 'queued' }]);
  });

  it('fails when it cannot be written, so that the event comes again', async () => {
    const db = await openDemoDatabase();
    await db.run(sendConfirmation, MAIL, STEP);
    const write = () => Promise.resolve({ kind: 'rejected', message: 'disk full' } as const);
    const deliver = createDelivery({ ...optionsOf(db), write });
    await expect(deliver(COMPLETED, DELIVERY)).rejects.toThrow('disk full');
    await deliverToMailbox(db);
    expect(db.rows('mailbox')).toHaveLength(1);
  });

  it('refuses an event that names no order', async () => {
    const deliver = createDelivery(optionsOf(await openDemoDatabase()));
    await expect(deliver({ type: 'order.completed' }, DELIVERY)).rejects.toThrow('names no order');
  });
});

describe('delivery over SMTP', () => {
  it('hands the mail to the server and then marks it sent', async () => {
    const [db, smtp] = await Promise.all([openDemoDatabase(), startSmtpServer()]);
    const sendMail = createSmtpSender({ url: smtp.url, from: 'shop@shop.example' });
    await db.run(sendConfirmation, MAIL, STEP);
    const deliver = createDelivery({ ...optionsOf(db), sendMail });
    await deliver(COMPLETED, DELIVERY);
    await deliver(COMPLETED, DELIVERY);
    expect(smtp.messages).toHaveLength(1);
    expect(smtp.messages[0]).toContain(`Subject: ${MAIL.subject}`);
    expect(smtp.messages[0]).toContain(`To: ${MAIL.recipient}`);
    expect(db.rows('notifications')).toMatchObject([{ status: 'sent', sent_via: 'smtp' }]);
  });

  it('keeps the mail queued when the server does not take it', async () => {
    const db = await openDemoDatabase();
    await db.run(sendConfirmation, MAIL, STEP);
    const sendMail = () => Promise.reject(new Error('greylisted'));
    const deliver = createDelivery({ ...optionsOf(db), sendMail });
    await expect(deliver(COMPLETED, DELIVERY)).rejects.toThrow('greylisted');
    expect(db.rows('notifications')).toMatchObject([{ status: 'queued' }]);
  });

  it('sends again with the same Message-ID when the mark was lost', async () => {
    const db = await openDemoDatabase();
    await db.run(sendConfirmation, MAIL, STEP);
    const sent: Mail[] = [];
    const sendMail = (mail: Mail) => Promise.resolve(void sent.push(mail));
    const write = () => Promise.resolve({ kind: 'rejected', message: 'disk full' } as const);
    const options = { ...optionsOf(db), sendMail };
    await expect(createDelivery({ ...options, write })(COMPLETED, DELIVERY)).rejects.toThrow(
      'disk full',
    );
    await createDelivery(options)(COMPLETED, DELIVERY);
    expect(sent).toHaveLength(2);
    expect(sent[0]?.messageId).toBe(sent[1]?.messageId);
  });

  it('sends nothing once it was told to stop', async () => {
    const db = await openDemoDatabase();
    await db.run(sendConfirmation, MAIL, STEP);
    const signal = AbortSignal.abort(new Error('stopping'));
    const deliver = createDelivery(optionsOf(db));
    await expect(deliver(COMPLETED, { sagaId: 'saga-1', signal })).rejects.toThrow('stopping');
    expect(db.rows('mailbox')).toEqual([]);
  });
});

function optionsOf(db: DemoDatabase) {
  return { reader: db.reader, write: db.write, sendMail: null, nowMs: () => NOW_MS };
}

function deliverToMailbox(db: DemoDatabase): Promise<void> {
  return createDelivery(optionsOf(db))(COMPLETED, DELIVERY);
}
