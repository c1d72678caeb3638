/**
 * What becomes of a saga that could not be loaded or go on: which errors are for good, and which
 * sagas are parked as they are.
 */
import { BackstepError } from '../../core/errors.ts';
import type { Failure } from '../../core/failure.ts';
import { isEnded, type SagaStatus } from '../../core/status.ts';

/** No later try can change it. */
export function isFinal(error: unknown): boolean {
  return (
    error instanceof BackstepError &&
    (error.code === 'storage-failed' || error.code === 'not-found')
  );
}

/** True where what is registered cannot take a saga on; the version keeper sees that change. */
export function isForVersion(error: unknown): boolean {
  return error instanceof BackstepError && error.code === 'version-missing';
}

/**
 * Whether the saga is to be parked for the failure, or its letter to say that from now on.
 *
 * @param known why it is parked now, as its row says it; `null`: it is not
 */
export function mustPark(
  status: SagaStatus,
  { code, message }: Failure,
  known: string | null,
): boolean {
  if (isEnded(status)) return false;
  const isOfVersion = code === 'version-missing';
  if (status === 'paused') return !isOfVersion; // a person's word: it must not go on by itself
  if (status !== 'parked') return true;
  return (
    isOfVersion && known?.startsWith('version-missing:') === true && known !== `${code}: ${message}`
  );
}
