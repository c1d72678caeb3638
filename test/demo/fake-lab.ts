/** A fault lab that breaks nothing and found nothing, except for the parts that a test brings. */
import type { OrderLab } from '../../src/demo/lab/order-lab.ts';

export function fakeLab(parts: Partial<OrderLab> = {}): OrderLab {
  const nothing = async (): Promise<void> => {};
  return {
    breakOrder() {},
    mendOrder() {},
    books: async () => ({
      reservations: [],
      charges: [],
      mails: [],
      order: null,
      provider: null,
    }),
    noteRun: nothing,
    noteSeen: nothing,
    latestRuns: async () => [],
    crashesSince: async () => 0,
    sweepAfterExpiry: nothing,
    chargeLate: async () => '',
    provider: null,
    isKept: true,
    ...parts,
  };
}
