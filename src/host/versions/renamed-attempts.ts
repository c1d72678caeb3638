/**
 * Attempts that a migration took to other ids, while what makes them knows the old ones: an answer under
 * such a name would find nobody. Pure.
 */
import { isStill, type LiveActivity, type SagaState } from '../../core/state.ts';
import type { Effect, Inbound } from '../../core/turn/inbound.ts';

/** How they go on under their new ids, with the keys that they had. */
export interface RenamedAttempts {
  readonly stops: readonly Extract<Effect, { kind: 'stop-activity' }>[];
  /** What lets them start again; a saga that stands still starts them once it goes on. */
  readonly starts: readonly Extract<Inbound, { kind: 'interrupted' }>[];
}

/** `before`: what was live before the migration, by id. */
export function renamedAttempts(
  before: Readonly<Record<string, LiveActivity>>,
  after: SagaState,
): RenamedAttempts {
  const now = after.live.activities;
  const left = Object.entries(before).filter(([id]) => !Object.hasOwn(now, id));
  const come = Object.entries(now).filter(([id]) => !Object.hasOwn(before, id));
  return {
    stops: left.map(([activity, { token }]) => {
      return { kind: 'stop-activity', activity, token, child: null };
    }),
    starts: (isStill(after) ? [] : come).map(([activity, { token }]) => {
      return { kind: 'interrupted', activity, token, wasClean: true };
    }),
  };
}
