/**
 * Attempts that a migration took to other ids, while what makes them knows the old ones: an answer under
 * such a name would find nobody. Pure. Names that are swapped are not met here: no migration takes along
 * what would share its keys with another step.
 */
import { isStill, type LiveActivity, type SagaState } from '../../core/state.ts';
import type { Effect, Inbound } from '../../core/turn/inbound.ts';

/** How they go on under their new ids, with the keys that they had. */
export interface RenamedAttempts {
  readonly stops: readonly Extract<Effect, { kind: 'stop-activity' }>[];
  /** What lets them start again; a saga that stands still starts them once it goes on. */
  readonly starts: readonly Extract<Inbound, { kind: 'interrupted' }>[];
  readonly moves: readonly { readonly from: string; readonly to: string; readonly token: number }[];
}

/** `before`: what was live before the migration, by id. */
export function renamedAttempts(
  before: Readonly<Record<string, LiveActivity>>,
  after: SagaState,
): RenamedAttempts {
  const now = after.live.activities;
  const moves = Object.entries(before).flatMap(([from, was]) => {
    if (Object.hasOwn(now, from)) return [];
    const [to] = Object.entries(now).find(([, is]) => isSame(was, is)) ?? [];
    return to === undefined ? [] : [{ from, to, token: was.token }];
  });
  return {
    moves,
    stops: moves.map(({ from, token }) => {
      return { kind: 'stop-activity', activity: from, token, child: null };
    }),
    starts: (isStill(after) ? [] : moves).map(({ to, token }) => {
      return { kind: 'interrupted', activity: to, token, wasClean: true };
    }),
  };
}

/** What was said of an attempt under its old id, said of its new one. */
export function underNewId<Word extends object>(
  renamed: Pick<RenamedAttempts, 'moves'> | undefined,
  word: Word & { readonly activity?: string; readonly token: number },
): Word {
  const move = renamed?.moves.find(
    ({ from, token }) => from === word.activity && token === word.token,
  );
  return move === undefined ? word : { ...word, activity: move.to };
}

// A turn may start several: what their keys are made of tells them apart, and no name changes that.
function isSame(was: LiveActivity, is: LiveActivity): boolean {
  return (
    was.token === is.token &&
    was.direction === is.direction &&
    was.occurrence === is.occurrence &&
    (was.keyName ?? was.step) === (is.keyName ?? is.step)
  );
}
