/**
 * What becomes of a stored saga under the definitions that are registered: it goes on as it is, is
 * taken along, or cannot go on. The loading of sagas, `backstep check` and the doctor ask here.
 */
import { parseStored, restoreStored, type StoredState } from '../../core/history/codec.ts';
import { BackstepError } from '../../core/errors.ts';
import type { Failure } from '../../core/failure.ts';
import type { Inbound } from '../../core/turn/inbound.ts';
import { adoptionOf, migrationOf } from '../../core/history/migration.ts';
import { moveIn } from '../../core/turn/kept-text/moved.ts';
import { isOver, type SagaState } from '../../core/state.ts';
import { parkedAsItWas } from '../../core/turn/kept-text/unreadable.ts';
import type { StoredSaga } from '../../store/store.ts';
import type { Registration, Registry } from '../registry.ts';

/** A saga as it is stored, wherever that is. */
export type StoredText = Omit<StoredSaga, 'sid' | 'checksum' | 'createdAtMs'>;

/** The judgement on one saga. */
export type Standing =
  | {
      readonly kind: 'goes-on';
      readonly registration: Registration;
      readonly state: SagaState;
      /** Why a migration that there is does not take it along; `null`: there is none. */
      readonly stays: BackstepError | null;
    }
  | {
      /** Also to its own version, where that was edited in place. */
      readonly kind: 'migrates';
      readonly registration: Registration;
      readonly migration: Extract<Inbound, { kind: 'migrate' }>;
    }
  /** `version-missing`, with the reason and the cure, the same for every saga it is true of. */
  | { readonly kind: 'refused'; readonly error: BackstepError };

/**
 * Judges a saga as it is stored. Throws `state-unreadable` for one whose text is damaged.
 *
 * @param parkFailure why it is parked, where only its row says so
 */
export function standingOf(
  registry: Registry,
  stored: StoredText,
  nowMs: number,
  parkFailure: Failure | null = null,
): Standing {
  const parts = parseStored(stored.id, stored.state, stored.format);
  try {
    return judged(registry, stored, parts, { nowMs, parkFailure });
  } catch (error) {
    return { kind: 'refused', error: refusalOf(error) };
  }
}

function judged(
  registry: Registry,
  stored: StoredText,
  parts: StoredState,
  { nowMs, parkFailure }: { readonly nowMs: number; readonly parkFailure: Failure | null },
): Standing {
  const { id, type, version, seq, status, definitionHash } = stored;
  const isMoved = moveIn(parkFailure) !== null;
  const isOnlyLookedAt = isMoved || isOver({ status, resolution: parts.resolution ?? null });
  const instance = { id, seq, parts: asParked(parts, stored, parkFailure) };
  const route = isOnlyLookedAt ? null : registry.routeFrom(type, version);
  let stays: BackstepError | null = null;
  if (route !== null) {
    const { registration, plan } = route;
    try {
      registry.assertFamily(registration.definition);
      return { kind: 'migrates', registration, migration: migrationOf(plan, instance, nowMs) };
    } catch (error) {
      stays = refusalOf(error);
      if (!registry.has(type, version)) throw stays;
    }
  }
  const registration = registry.version(type, version);
  const { definition } = registration;
  if (!isOnlyLookedAt) registry.assertFamily(definition);
  if (!isOnlyLookedAt && definition.hash !== definitionHash) {
    return { kind: 'migrates', registration, migration: adoptionOf(definition, instance) };
  }
  const state = asRowSays(restoreStored(definition, id, parts), { seq, status }, parkFailure);
  return { kind: 'goes-on', registration, state, stays };
}

/** The state of a text with what only the row of the saga says. */
export function asRowSays(
  state: SagaState,
  { seq, status }: Pick<StoredText, 'seq' | 'status'>,
  parkFailure: Failure | null,
): SagaState {
  if (moveIn(parkFailure) !== null) return { ...state, seq, status, parkReason: parkFailure };
  if (status === 'parked' && state.status !== 'parked') return parkedAsItWas(state, seq);
  return { ...state, seq };
}

function refusalOf(error: unknown): BackstepError {
  if (error instanceof BackstepError && error.code === 'version-missing') return error;
  throw error;
}

// A saga that was parked in its row alone must be parked in its text too, once the text is written.
function asParked(
  parts: StoredState,
  { status }: StoredText,
  parkReason: Failure | null,
): StoredState {
  if (status !== 'parked' || parts.status === 'parked') return parts;
  return { ...parts, status: 'parked', parkReason };
}
