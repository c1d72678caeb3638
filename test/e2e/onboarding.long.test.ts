/** Onboarding over HTTP on real processes: approved through a crash with its children, or cancelled. */
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { serverBelow, type Site, siteFor, until } from './site.ts';

const TEST_LIMIT_MS = 60_000;
const READY = /^Backstep is ready: /;

interface OnboardingView {
  readonly id: string;
  readonly status: string;
  readonly compensationOutcome: string | null;
}

const application = (more: object = {}): object => ({
  customerId: 'c-1',
  name: 'Ada Example',
  email: 'ada@example.org',
  creditLimitMinor: 50_000,
  accounts: ['current', 'savings'],
  ...more,
});

async function start(site: Site, input: object): Promise<string> {
  const { status, body } = await site.call<{ id: string }>('POST', '/api/sagas/onboarding', {
    input,
  });
  expect(status).toBe(202);
  return body.id;
}

async function reached(site: Site, id: string, status: string): Promise<OnboardingView> {
  const view = (): Promise<OnboardingView> => site.get(`/api/sagas/${id}`);
  await until(`onboarding ${id} is ${status}`, async () => (await view()).status === status);
  return view();
}

function rows(site: Site, sql: string): unknown[] {
  const db = new Database(site.database, { readonly: true });
  try {
    return db.prepare(sql).raw().all();
  } finally {
    db.close();
  }
}

test(
  'a customer who is approved gets every account, though the server dies while one is opened',
  async ({ onTestFinished }) => {
    const site = await siteFor(onTestFinished);
    const launcher = await site.launch();
    await site.fault('openAccount', { latencyMs: 1_500 });
    const id = await start(site, application());
    await reached(site, id, 'waiting');
    await site.call('POST', `/api/sagas/${id}/events`, { type: 'approve', id: 'a-1' });
    await site.seen(({ saga, to }) => saga === `${id}.account.1` && to.includes('openAccount'));
    process.kill(serverBelow(launcher), 'SIGKILL');
    await launcher.line(READY, 2);
    await reached(site, id, 'completed');
    expect(rows(site, 'SELECT kind, status FROM bank_accounts ORDER BY kind')).toEqual([
      ['current', 'open'],
      ['savings', 'open'],
    ]);
    expect(rows(site, 'SELECT kind FROM bank_mails')).toEqual([['welcome']]);
    const child = await site.get<{ parent: { sagaId: string } }>(`/api/sagas/${id}.account.2`);
    expect(JSON.stringify(child)).toContain(id);
  },
  TEST_LIMIT_MS,
);

test(
  'a customer whose account cannot be opened keeps nothing, and a person hears of no doubt',
  async ({ onTestFinished }) => {
    const site = await siteFor(onTestFinished);
    await site.launch();
    const id = await start(site, application());
    await reached(site, id, 'waiting');
    await site.fault('openAccount', { failNext: 1, mode: 'permanent' });
    await site.call('POST', `/api/sagas/${id}/events`, { type: 'approve', id: 'a-1' });
    const view = await reached(site, id, 'compensated');
    expect(view.compensationOutcome).toBe('complete');
    expect(rows(site, 'SELECT kind, status FROM bank_accounts')).toEqual([['current', 'released']]);
    expect(rows(site, 'SELECT status FROM bank_customers')).toEqual([['closed']]);
  },
  TEST_LIMIT_MS,
);

test(
  'a customer who cancels while approval is awaited leaves a closed file and no check',
  async ({ onTestFinished }) => {
    const site = await siteFor(onTestFinished);
    await site.launch();
    const id = await start(site, application());
    await reached(site, id, 'waiting');
    const command = { command: 'cancel', reason: 'changed my mind' };
    const { status } = await site.call('POST', `/api/sagas/${id}/commands`, command);
    expect(status).toBe(202);
    const view = await reached(site, id, 'compensated');
    expect(view.compensationOutcome).toBe('complete');
    expect(rows(site, 'SELECT status, reason FROM bank_customers')).toEqual([
      ['closed', 'changed my mind'],
    ]);
    expect(rows(site, 'SELECT status FROM bank_credit_checks')).toEqual([['discarded']]);
  },
  TEST_LIMIT_MS,
);
