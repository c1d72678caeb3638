/** What is asked of a server on a disk that fails: in short and for every call alike. */
import { expect } from 'vitest';
import type { Program } from '../e2e/processes.ts';
import type { OrderBody, Site } from '../e2e/site.ts';

export const EXIT_FAILED = 1;

/** Gives those that nobody accepted. Whatever was answered was no rejection. */
export async function post(
  site: Site,
  orders: readonly OrderBody[],
): Promise<readonly OrderBody[]> {
  const answers = await Promise.all(
    orders.map((order) => site.order(order, '20s').catch(() => null)),
  );
  for (const answer of answers) expect([undefined, 200, 202, 503]).toContain(answer?.status);
  return orders.filter((_, index) => (answers[index]?.status ?? 503) >= 300);
}

export async function expectDeathByStorage(server: Program): Promise<void> {
  expect(await server.ended).toBe(EXIT_FAILED);
  expect(server.err.join('\n')).toMatch(/"level":60.*(COMMIT|checkpoint|ROLLBACK|disk I\/O)/);
}
