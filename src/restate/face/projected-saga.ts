/** Sagas as the projection has them. Pure. */
import { failureOfText } from '../../core/failure.ts';
import type { SagaState } from '../../core/state.ts';
import type { Registry } from '../../host/registry.ts';
import { openStored } from '../../host/versions/open-stored.ts';
import type { StoredText } from '../../host/versions/version-standing.ts';

/**
 * The state of a row under what is registered here. `error`: the row's own, which says why it is
 * parked where its text does not. Throws `version-missing` and `state-unreadable`.
 */
export function projectedState(
  registry: Registry,
  row: StoredText,
  error: string | null,
  nowMs: number,
): SagaState {
  const parkFailure = row.status === 'parked' && error !== null ? failureOfText(error) : null;
  return openStored(registry, row, nowMs, parkFailure).state;
}
