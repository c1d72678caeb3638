/** Waiting for a saga to settle. */
import { BackstepError } from '../core/errors.ts';
import { isSettled, type SagaStatus } from '../core/status.ts';
import type { Store } from '../store/store.ts';
import type { Clock } from './clock.ts';
import type { SettledListener } from './settled-listeners.ts';

export interface SettledParts {
  readonly clock: Clock;
  /** Calls back once when the saga next settles. Returns the way to stop listening. */
  readonly onSettled: (sid: number, listener: SettledListener) => () => void;
  readonly statusOf: () => Promise<SagaStatus>;
}

/** Resolves with the status once settled, or with the present one after `timeoutMs`. */
export async function untilSettled(
  { clock, onSettled, statusOf }: SettledParts,
  sid: number,
  timeoutMs: number,
): Promise<SagaStatus> {
  // Listen first, then look: a saga that settles in between is seen either way.
  let stopListening = (): void => {};
  let cancelTimeout = (): void => {};
  const settled = new Promise<null>((resolve) => {
    stopListening = onSettled(sid, () => resolve(null));
    cancelTimeout = clock.after(timeoutMs, () => resolve(null));
  });
  try {
    const status = await statusOf();
    if (isSettled(status)) return status;
    await settled;
    return await statusOf();
  } finally {
    stopListening();
    cancelTimeout();
  }
}

/** How a saga ended of which only the start key is left. Throws `not-found`. */
export async function finalStatusOf(
  { upkeep }: Pick<Store, 'upkeep'>,
  id: string,
): Promise<SagaStatus> {
  const status = await upkeep.finalStatus(id);
  if (status === null) throw new BackstepError('not-found', `no saga with id "${id}"`);
  return status;
}
