/** The bank's participants on a real database: exactly the rows they promise, and who may undo what. */
import Database from 'better-sqlite3';
import { Kysely, SqliteDialect } from 'kysely';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { bank, MAX_CREDIT_MINOR, reminderMail } from '../../../actors/bank/bank.ts';
import { up } from '../../../migrations/demo/0007-onboarding-demo.ts';
import type { ActivityContext, TransactionalActivity } from '../../../src/core/activity.ts';
import { createStatementRunner } from '../../../src/store/sqlite/writer/participant-statements.ts';
import { contextOf, NOW_MS } from '../demo-database.ts';

const ADA = { customerId: 'c-1', name: 'Ada Example', email: 'ada@example.org' };
const SAVINGS = { customerId: 'c-1', kind: 'savings' } as const;

let db: Database.Database;
beforeEach(async () => {
  db = new Database(':memory:');
  const kysely = new Kysely<unknown>({ dialect: new SqliteDialect({ database: db }) });
  await up(kysely);
  onTestFinished(() => kysely.destroy());
});

async function run<Input, Output>(
  activity: TransactionalActivity<Input, Output>,
  input: Input,
  context: Partial<ActivityContext> = {},
) {
  const { statements } = await activity.plan(input, contextOf(context));
  return createStatementRunner(db)(statements);
}

const one = (sql: string): unknown => db.prepare(sql).pluck().get();

describe('a customer’s file', () => {
  test('is opened once, by one saga', async () => {
    expect(await run(bank.openFile, ADA)).toMatchObject({ kind: 'written' });
    const again = await run(bank.openFile, ADA, { sagaId: 'saga-2' });
    expect(again).toMatchObject({ kind: 'unmet', code: 'already-customer' });
  });

  test('is closed by the saga that opened it alone, and can be opened again', async () => {
    await run(bank.openFile, ADA);
    const close = { ...ADA, reason: 'rejected' };
    await run(bank.closeFile, close, { sagaId: 'saga-2' });
    expect(one('SELECT status FROM bank_customers')).toBe('open');
    await run(bank.closeFile, close);
    expect(one('SELECT reason FROM bank_customers')).toBe('rejected');
    expect(await run(bank.openFile, ADA, { sagaId: 'saga-2' })).toMatchObject({ kind: 'written' });
  });
});

test('credit above the limit is refused for good, below it has a score', () => {
  const check = (limitMinor: number) =>
    bank.checkCredit.plan({ customerId: 'c-1', limitMinor }, contextOf());
  expect(() => check(MAX_CREDIT_MINOR + 1)).toThrow('at most 50,000.00');
  expect(check(MAX_CREDIT_MINOR)).toMatchObject({
    output: { score: expect.any(Number) as unknown },
  });
});

test('a credit check that never happened is discarded without a row', async () => {
  const context = { key: 'undo', forwardKey: 'check-1' };
  await run(bank.discardCreditCheck, { customerId: 'c-1' }, context);
  await run(bank.checkCredit, { customerId: 'c-1', limitMinor: 1 }, { key: 'check-1' });
  expect(one('SELECT status FROM bank_credit_checks')).toBe('valid');
  await run(bank.discardCreditCheck, { customerId: 'c-1' }, context);
  expect(one('SELECT status FROM bank_credit_checks')).toBe('discarded');
});

describe('an account', () => {
  const child = { sagaId: 'saga-1.account.1' };

  test('goes from reserved to open, and back the same way', async () => {
    const status = (): unknown => one('SELECT status FROM bank_accounts');
    await run(bank.reserveNumber, SAVINGS, child);
    const open = { ...SAVINGS, accountNumber: 'BS1' };
    expect(await run(bank.openAccount, open, child)).toMatchObject({ kind: 'written' });
    expect(status()).toBe('open');
    await run(bank.closeAccount, SAVINGS, child);
    await run(bank.releaseNumber, SAVINGS, child);
    expect(status()).toBe('released');
    expect(await run(bank.openAccount, open, child)).toMatchObject({ code: 'number-missing' });
  });

  test('of a kind exists once', async () => {
    await run(bank.reserveNumber, SAVINGS, child);
    const second = await run(bank.reserveNumber, SAVINGS, { sagaId: 'other', key: 'other' });
    expect(second).toMatchObject({ kind: 'unmet', code: 'account-exists' });
  });

  test('is withdrawn by the parent of the saga that opened it, and by no other', async () => {
    await run(bank.reserveNumber, SAVINGS, child);
    await run(bank.openAccount, { ...SAVINGS, accountNumber: 'BS1' }, child);
    await run(bank.withdrawAccount, SAVINGS, { sagaId: 'saga-2' });
    await run(bank.withdrawAccount, SAVINGS, { sagaId: 'saga' });
    expect(one('SELECT status FROM bank_accounts')).toBe('open');
    await run(bank.withdrawAccount, SAVINGS, { sagaId: 'saga-1' });
    expect(one('SELECT status FROM bank_accounts')).toBe('closed');
  });
});

test('a mail is queued once per key, however often it is asked for', async () => {
  await run(bank.openFile, ADA);
  const runStatements = createStatementRunner(db);
  for (const _ of [1, 2]) runStatements([reminderMail('m-1', 'c-1', NOW_MS)]);
  for (const _ of [1, 2]) await run(bank.sendWelcome, { ...ADA, accountNumbers: ['BS1'] });
  expect(db.prepare('SELECT kind, recipient FROM bank_mails ORDER BY kind').all()).toEqual([
    { kind: 'reminder', recipient: ADA.email },
    { kind: 'welcome', recipient: ADA.email },
  ]);
});
