/**
 * The confirmation mail, and the way to an SMTP server.
 *
 * Must never decide whether a mail is due: that is the notification participant's matter.
 * Invariant: the same notification always gives the same mail with the same Message-ID.
 */
import { createHash } from 'node:crypto';

/** Longest wait for a connection, a greeting or an answer of the SMTP server. */
const SMTP_TIMEOUT_MS = 10_000;

/** Length of the readable part of a Message-ID. */
const MESSAGE_ID_LENGTH = 32;

/** A mail as it leaves; plain text. */
export interface Mail {
  readonly notificationId: string;
  /** With angle brackets, as the header has it. */
  readonly messageId: string;
  readonly recipient: string;
  readonly subject: string;
  readonly body: string;
}

/** Hands a mail to a server; rejects when the server did not take it. */
export type SendMail = (mail: Mail) => Promise<void>;

/** Where mails go and who they come from. */
export interface SmtpOptions {
  /** `smtp://user:password@host:port` or `smtps://...`. */
  readonly url: string;
  readonly from: string;
}

/** The mail that a queued notification stands for. */
export function confirmationMail(row: {
  readonly notification_id: string;
  readonly order_id: string;
  readonly recipient: string;
  readonly subject: string;
}): Mail {
  const digest = createHash('sha256').update(row.notification_id).digest('hex');
  return {
    notificationId: row.notification_id,
    messageId: `<${digest.slice(0, MESSAGE_ID_LENGTH)}@backstep.example>`,
    recipient: row.recipient,
    subject: row.subject,
    body: `Your order ${row.order_id} is confirmed and on its way.\n`,
  };
}

/** Sends through an SMTP server, one connection per mail. */
export function createSmtpSender({ url, from }: SmtpOptions): SendMail {
  const options = {
    url,
    connectionTimeout: SMTP_TIMEOUT_MS,
    greetingTimeout: SMTP_TIMEOUT_MS,
    socketTimeout: SMTP_TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  };
  return async (mail) => {
    // Loaded with the first mail: it costs a tenth of the start, and most demos send none.
    const { createTransport } = await import('nodemailer');
    await createTransport(options).sendMail({
      from,
      // As an address object: a text would be parsed as a list of addresses.
      to: { name: '', address: mail.recipient },
      subject: mail.subject,
      text: mail.body,
      messageId: mail.messageId,
    });
  };
}
