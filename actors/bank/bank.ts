/**
 * The bank's participants: customers' files, credit checks, accounts, and the mails that go out.
 *
 * Every activity is transactional: its rows commit with the turn that records it, so that nothing is
 * ever in doubt and a compensation that finds no row of its saga has nothing to undo. Invariant: an
 * account is `open` only while the saga that opened it, or the customer it belongs to, says so.
 */
import { type Activities, type ExpectedStatement, transactional } from '../../src/core/activity.ts';
import type { AccountActivities } from '../../machines/account.ts';
import type { OnboardingActivities } from '../../machines/onboarding.ts';
import { PermanentError } from '../../src/core/failure.ts';
import { fingerprint, unitInterval } from '../../src/core/hash.ts';

/** The largest credit that the bank gives, in minor units. */
export const MAX_CREDIT_MINOR = 5_000_000;

const LOWEST_SCORE = 300;
const SCORE_RANGE = 550;

const OPEN_FILE = `
  INSERT INTO bank_customers (customer_id, saga_id, name, email, status, opened_at)
  VALUES ($1, $2, $3, $4, 'open', $5)
  ON CONFLICT (customer_id) DO UPDATE SET
    saga_id = excluded.saga_id, name = excluded.name, email = excluded.email,
    status = 'open', reason = NULL, opened_at = excluded.opened_at, closed_at = NULL
  WHERE bank_customers.status = 'closed'`;

const RESERVE_NUMBER = `
  INSERT INTO bank_accounts (customer_id, kind, saga_id, account_number, status, changed_at)
  VALUES ($1, $2, $3, $4, 'reserved', $5)
  ON CONFLICT (customer_id, kind) DO UPDATE SET
    saga_id = excluded.saga_id, account_number = excluded.account_number,
    status = 'reserved', changed_at = excluded.changed_at
  WHERE bank_accounts.status IN ('closed', 'released')`;

const MOVE_ACCOUNT = `
  UPDATE bank_accounts SET status = $1, changed_at = $2
  WHERE customer_id = $3 AND kind = $4 AND saga_id = $5 AND status = $6`;

/** The ids of a saga's children start with its own. */
const WITHDRAW_ACCOUNT = `
  UPDATE bank_accounts SET status = 'closed', changed_at = $1
  WHERE customer_id = $2 AND kind = $3 AND status = 'open' AND substr(saga_id, 1, $4) = $5`;

const QUEUE_MAIL = `
  INSERT INTO bank_mails (mail_key, customer_id, kind, recipient, text, queued_at)
  SELECT $1, customer_id, $2, email, $3, $4 FROM bank_customers WHERE customer_id = $5
  ON CONFLICT (mail_key) DO NOTHING`;

/** What the bank can do, for the sagas of accounts and of onboarding together. */
export const bank = {
  /** Fails permanently with `already-customer` while the file of that id is open. */
  openFile: transactional(({ customerId, name, email }, { sagaId, nowMs }) => ({
    statements: [
      {
        sql: OPEN_FILE,
        parameters: [customerId, sagaId, name, email, nowMs],
        expect: {
          changes: 1,
          code: 'already-customer',
          message: `"${customerId}" is a customer already`,
        },
      },
    ],
    output: undefined,
  })),

  closeFile: transactional(({ customerId, reason }, { sagaId, nowMs }) =>
    statement(
      `UPDATE bank_customers SET status = 'closed', reason = $1, closed_at = $2
       WHERE customer_id = $3 AND saga_id = $4`,
      [reason, nowMs, customerId, sagaId],
    ),
  ),

  /** Fails permanently with `credit-refused` above the bank's limit. */
  checkCredit: transactional(({ customerId, limitMinor }, { key, nowMs }) => {
    if (limitMinor > MAX_CREDIT_MINOR) {
      throw new PermanentError('credit-refused', 'the bank gives at most 50,000.00 of credit');
    }
    const score = LOWEST_SCORE + Math.floor(SCORE_RANGE * unitInterval(customerId));
    const sql = `INSERT INTO bank_credit_checks
      (check_key, customer_id, limit_minor, score, status, checked_at)
      VALUES ($1, $2, $3, $4, 'valid', $5) ON CONFLICT (check_key) DO NOTHING`;
    const parameters = [key, customerId, limitMinor, score, nowMs];
    return { statements: [{ sql, parameters }], output: { score } };
  }),

  discardCreditCheck: transactional((_, { forwardKey }) =>
    statement("UPDATE bank_credit_checks SET status = 'discarded' WHERE check_key = $1", [
      forwardKey,
    ]),
  ),

  /** Fails permanently with `account-exists` while the customer has one of that kind. */
  reserveNumber: transactional(({ customerId, kind }, { key, sagaId, nowMs }) => {
    const accountNumber = `BS${fingerprint(key).toUpperCase()}`;
    return {
      statements: [
        {
          sql: RESERVE_NUMBER,
          parameters: [customerId, kind, sagaId, accountNumber, nowMs],
          expect: {
            changes: 1,
            code: 'account-exists',
            message: `"${customerId}" has a ${kind} account already`,
          },
        },
      ],
      output: { accountNumber },
    };
  }),

  releaseNumber: transactional(({ customerId, kind }, { sagaId, nowMs }) =>
    statement(MOVE_ACCOUNT, ['released', nowMs, customerId, kind, sagaId, 'reserved']),
  ),

  openAccount: transactional(({ customerId, kind }, { sagaId, nowMs }) => ({
    statements: [
      {
        sql: MOVE_ACCOUNT,
        parameters: ['open', nowMs, customerId, kind, sagaId, 'reserved'],
        expect: {
          changes: 1,
          code: 'number-missing',
          message: 'no number is reserved for this account by this saga',
        },
      },
    ],
    output: undefined,
  })),

  closeAccount: transactional(({ customerId, kind }, { sagaId, nowMs }) =>
    statement(MOVE_ACCOUNT, ['reserved', nowMs, customerId, kind, sagaId, 'open']),
  ),

  /** Closes an account that a child of the saga had opened. */
  withdrawAccount: transactional(({ customerId, kind }, { sagaId, nowMs }) => {
    const family = `${sagaId}.`;
    return statement(WITHDRAW_ACCOUNT, [nowMs, customerId, kind, family.length, family]);
  }),

  sendWelcome: transactional(({ customerId, accountNumbers }, { key, nowMs }) =>
    statement(QUEUE_MAIL, [
      key,
      'welcome',
      `Welcome. Your accounts: ${accountNumbers.join(', ')}`,
      nowMs,
      customerId,
    ]),
  ),
} satisfies Activities<AccountActivities & OnboardingActivities>;

/** The mail that reminds of an application; once per message, however often it is delivered. */
export function reminderMail(
  messageId: string,
  customerId: string,
  nowMs: number,
): ExpectedStatement {
  const text = 'Your application waits for our approval';
  return { sql: QUEUE_MAIL, parameters: [messageId, 'reminder', text, nowMs, customerId] };
}

function statement(sql: string, parameters: readonly unknown[]) {
  return { statements: [{ sql, parameters }], output: undefined };
}
