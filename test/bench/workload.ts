/**
 * The workload of every comparison: four steps in sequence, asynchronous activities that return about a
 * hundred bytes, at once or as late as services do.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { type Activities, transactional } from '../../src/core/activity.ts';
import { PermanentError } from '../../src/core/failure.ts';
import { defineSaga } from '../../src/core/define/saga.ts';

interface Order {
  readonly order: number;
}

interface Receipt {
  readonly receipt: string;
}

const STEPS = ['reserve', 'charge', 'notify', 'ship'] as const;
type Name = (typeof STEPS)[number] | 'release' | 'refund' | 'withdraw' | 'unship';

export type FourSteps = Record<Name, (input: Order) => Receipt>;

const input = (view: { readonly input: Order }) => view.input;

export const fourStepSaga = defineSaga({
  id: 'four-steps',
  input: z.object({ order: z.number() }),
  activities: {} as FourSteps,
})
  .step('reserve', { input, compensate: { activity: 'release', input } })
  .step('charge', { input, compensate: { activity: 'refund', input } })
  .step('notify', { input, compensate: { activity: 'withdraw', input } })
  .step('ship', { input, compensate: { activity: 'unship', input } })
  .build();

/** One step, then a wait of months: what a sleeping saga costs. */
export const sleeperSaga = defineSaga({
  id: 'sleeper',
  input: z.object({ order: z.number() }),
  activities: {} as Pick<FourSteps, 'reserve' | 'release'>,
})
  .step('reserve', { input, compensate: { activity: 'release', input } })
  .wait('approval', { on: { approve: 'continue' }, within: '90d' })
  .build();

export const RECEIPT: Receipt = { receipt: 'r'.repeat(86) };

/** Of a hundred sagas ten fail for good in their third step, and undo two. */
export const FAILING_SHARE = 10;

export function failsIn({ order }: Order): boolean {
  return order % FAILING_SHARE === 0;
}

const trivial = (): Promise<Receipt> => Promise.resolve(RECEIPT);

/** Most milliseconds that an activity of `unevenActivities` takes. */
export const UNEVEN_MS = 20;

const uneven = (): Promise<Receipt> => pause(Math.random() * UNEVEN_MS, RECEIPT);

const allBeing = (activity: () => Promise<Receipt>): Activities<FourSteps> => ({
  reserve: activity,
  release: activity,
  charge: activity,
  refund: activity,
  notify: activity,
  withdraw: activity,
  ship: activity,
  unship: activity,
});

/**
 * Each answers at once: sagas that were started together go on in lock-step, so that batches are as
 * large as they can be.
 */
export const happyActivities = allBeing(trivial);

/** Each takes 0 to `UNEVEN_MS`, so that they answer in any order, as services do. */
export const unevenActivities = allBeing(uneven);

export const mixedActivities: Activities<FourSteps> = {
  ...happyActivities,
  notify: (order) =>
    failsIn(order) ? Promise.reject(new PermanentError('no-address', 'nobody to tell')) : trivial(),
};

/** Where the transactional steps write. */
export const RECEIPTS_TABLE =
  'CREATE TABLE bench_receipts (key TEXT PRIMARY KEY, receipt TEXT NOT NULL) STRICT, WITHOUT ROWID';

const written = transactional<Order, Receipt>((_, { key }) => ({
  statements: [
    {
      sql: 'INSERT INTO bench_receipts VALUES (?, ?)',
      parameters: [key, RECEIPT.receipt],
      expect: { changes: 1, code: 'taken', message: 'written before' },
    },
  ],
  output: RECEIPT,
}));

/** Every forward step writes a row of its own, in the turn that records its success. */
export const transactionalActivities: Activities<FourSteps> = {
  ...happyActivities,
  reserve: written,
  charge: written,
  notify: written,
  ship: written,
};
