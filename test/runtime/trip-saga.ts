/** A small saga for runtime tests: two steps, short policies, no jitter. */
import { z } from 'zod';
import type { Activities } from '../../src/core/activity.ts';
import { exponential } from '../../src/core/retry-policy.ts';
import { defineSaga } from '../../src/core/define/saga.ts';

type Call = (input: { readonly trip: string }) => { readonly receipt: string };

export type TripActivities = Record<'hold' | 'release' | 'charge' | 'refund', Call>;

const retry = exponential({ first: '1s', factor: 2, max: '1m', attempts: 3, jitter: 'none' });
const input = (view: { readonly input: { readonly trip: string } }) => view.input;

export const tripSaga = defineSaga({
  id: 'trip',
  input: z.object({ trip: z.string().min(1) }),
  activities: {} as TripActivities,
  deadline: '60d',
})
  .step('hold', { input, timeout: '5s', retry, compensate: { activity: 'release', input, retry } })
  .step('charge', { input, timeout: '5s', retry, compensate: { activity: 'refund', input, retry } })
  .emitOnCompleted(({ input: { trip } }) => ({ type: 'trip.completed', trip }))
  .build();

/** Activities that succeed and write down the keys they were called with. */
export function recordedActivities(overrides: Partial<Activities<TripActivities>> = {}): {
  readonly calls: string[];
  readonly activities: Activities<TripActivities>;
} {
  const calls: string[] = [];
  const record: Activities<TripActivities>['hold'] = (_, { key, attempt }) => {
    calls.push(`${key.split('/').slice(1).join('/')}#${attempt}`);
    return { receipt: key };
  };
  const base = { hold: record, release: record, charge: record, refund: record };
  return { calls, activities: { ...base, ...overrides } };
}
