/**
 * The workload of every comparison: four steps in sequence, trivial activities that return about a
 * hundred bytes.
 */
import { z } from 'zod';
import type { Activities } from '../../src/core/activity.ts';
import { defineSaga } from '../../src/core/saga.ts';

type Step = (input: { readonly order: number }) => { readonly receipt: string };

export type FourSteps = Record<
  'reserve' | 'release' | 'charge' | 'refund' | 'notify' | 'withdraw' | 'ship' | 'unship',
  Step
>;

const input = (view: { readonly input: { readonly order: number } }) => view.input;

export const fourStepSaga = defineSaga<FourSteps>()({
  id: 'four-steps',
  input: z.object({ order: z.number() }),
})
  .step('reserve', { input, compensate: { activity: 'release', input } })
  .step('charge', { input, compensate: { activity: 'refund', input } })
  .step('notify', { input, compensate: { activity: 'withdraw', input } })
  .step('ship', { input, compensate: { activity: 'unship', input } })
  .build();

const RECEIPT = { receipt: 'r'.repeat(86) };
const trivial = (): Promise<{ receipt: string }> => Promise.resolve(RECEIPT);

export const trivialActivities: Activities<FourSteps> = {
  reserve: trivial,
  release: trivial,
  charge: trivial,
  refund: trivial,
  notify: trivial,
  withdraw: trivial,
  ship: trivial,
  unship: trivial,
};
