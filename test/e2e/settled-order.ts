/** One order whose steps are made to fail, and what is told of it. */
import { expect } from 'vitest';
import { orderOf } from './order-books.ts';
import { type Site, siteFor, type Transition } from './site.ts';

export const PERMANENT = { failureRate: 1, mode: 'permanent' };

interface Letter {
  readonly sagaId: string;
  readonly status: string;
}

/** Posts order 1, or asks for it again, and expects how it settles. */
export async function settledOrder(site: Site, status: string): Promise<string> {
  const { body } = await site.order(orderOf(1), '60s');
  expect(body.status).toBe(status);
  return body.saga_id;
}

/** All of them. */
export function deadLetters(site: Site): Promise<readonly Letter[]> {
  return site.all('/api/dead-letters');
}

/** Where it was, turn by turn. */
export function pathOf(journal: readonly Transition[]): readonly string[] {
  return journal.map(({ to }) => to);
}

/** A demo with an order whose update failed for good, and then its refund. */
export async function withFailedRefund(onTestFinished: Parameters<typeof siteFor>[0]) {
  const site = await siteFor(onTestFinished);
  await site.launch();
  await site.fault('updateOrder', PERMANENT);
  await site.fault('refundPayment', PERMANENT);
  return { site, id: await settledOrder(site, 'compensation_failed') };
}
