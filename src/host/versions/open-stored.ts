/**
 * A stored saga with the definition that runs it, and the migration that must become durable before
 * anything else happens to it. Pure; the same for every host.
 */
import type { BackstepError } from '../../core/errors.ts';
import type { Failure } from '../../core/failure.ts';
import { parseStored } from '../../core/history/codec.ts';
import { migrationTurn } from '../../core/history/migration.ts';
import type { SagaState } from '../../core/state.ts';
import type { Inbound } from '../../core/turn/inbound.ts';
import type { Registration, Registry } from '../registry.ts';
import { type RenamedAttempts, renamedAttempts } from './renamed-attempts.ts';
import { type StoredText, standingOf } from './version-standing.ts';

/** A saga with the registration that runs it. */
export interface LoadedSaga {
  readonly registration: Registration;
  readonly state: SagaState;
  /** The state is that of a migration which must become durable before anything else. */
  readonly migration?: Extract<Inbound, { kind: 'migrate' }>;
  /** Beside a migration: what it means for attempts that this process makes. */
  readonly renamed?: RenamedAttempts;
}

/** A saga as it was opened; `stays`: why a migration that there is does not take it along. */
export type OpenedSaga = LoadedSaga & { readonly stays: BackstepError | null };

/**
 * Opens a saga under what is registered. Throws `version-missing` where nothing of it can take the
 * saga on, and `state-unreadable` for a text that is damaged.
 *
 * @param parkFailure why it is parked, where its text does not say so; else `null`
 */
export function openStored(
  registry: Registry,
  stored: StoredText,
  nowMs: number,
  parkFailure: Failure | null,
): OpenedSaga {
  const standing = standingOf(registry, stored, nowMs, parkFailure);
  switch (standing.kind) {
    case 'refused':
      throw standing.error;
    case 'migrates': {
      const { registration, migration } = standing;
      const { state } = migrationTurn(registration.definition, stored.id, migration, nowMs);
      const { live } = parseStored(stored.id, stored.state, stored.format);
      const renamed = renamedAttempts(live.activities, state);
      return { registration, state, migration, renamed, stays: null };
    }
    case 'goes-on': {
      const { registration, state, stays } = standing;
      return { registration, state, stays };
    }
  }
}
