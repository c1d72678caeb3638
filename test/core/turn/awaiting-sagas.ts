/** Sagas that wait for events, and what becomes of an event that is sent to one. */
import { z } from 'zod';
import type { Turn } from '../../../src/core/turn/inbound.ts';
import { NO_RETRY } from '../../../src/core/retry-policy.ts';
import { defineSaga } from '../../../src/core/define/saga.ts';
import type { SagaDriver } from './saga-driver.ts';

type Calls = Record<
  'book' | 'cancel' | 'hold' | 'release' | 'charge' | 'ship' | 'pack' | 'unpack',
  (input: null) => null
>;

export const within = '1d';
export const input = (): null => null;
export const retry = NO_RETRY;

/** A step without further attempts, and what undoes it. */
export const undo = (activity: 'cancel' | 'release' | 'unpack') =>
  ({ input, retry, compensate: { activity, input, retry } }) as const;

export const draft = () => defineSaga({ id: 'stay', input: z.unknown(), activities: {} as Calls });

/** Waits before the pivot and after it. */
export const pivotSaga = draft()
  .step('book', undo('cancel'))
  .wait('approval', { on: { approve: 'continue', reject: 'compensate' }, within })
  .step('charge', { kind: 'pivot', input, retry })
  .step('ship', { kind: 'retriable', input, retry })
  .wait('receipt', { on: { received: 'continue' }, within, onExpired: 'continue' })
  .build();

/** What became of an event. */
export function answerTo(taken: Turn): string {
  if (taken.kind === 'refused') return taken.reason;
  return taken.kind === 'noted' ? 'kept' : 'taken';
}

export const send = (saga: SagaDriver, type: string): string => answerTo(saga.send({ type }));

/** Types of the events that it keeps. */
export const kept = (saga: SagaDriver): readonly string[] =>
  saga.state.early.map(({ event }) => event.type);
