/** Why a store takes nothing on: the words that callers and pages read. */
import { BackstepError } from '../core/errors.ts';
import type { StoreHealth } from './store.ts';

/** `owner`: who it is, where that is known. */
export function standbyOf(owner: string | null): StoreHealth {
  const who = owner === null ? 'another process' : `another process (${owner})`;
  const reason = `${who} owns the database; this one takes over when that ends`;
  return { kind: 'standby', owner, reason };
}

export function closedError(): BackstepError {
  return new BackstepError('unavailable', 'the store is closed');
}

export function failedError(reason: string): BackstepError {
  return new BackstepError(
    'storage-failed',
    `the storage failed, the outcome is unknown: ${reason}; retry with the same key`,
  );
}
