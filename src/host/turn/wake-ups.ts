/**
 * What reaches a saga that is woken: the timers that are due by now, and after a restart the
 * attempts that were under way. Pure, in the order in which the saga takes them.
 */
import type { Inbound } from '../../core/turn/inbound.ts';
import type { SagaState } from '../../core/state.ts';
import { START_TIMER } from '../../core/turn/waiting-room.ts';

type TimerInbound = Extract<Inbound, { kind: 'timer' }>;
type Interruption = Extract<Inbound, { kind: 'interrupted' }>;

/** The timers due at `nowMs`, the earliest first. `isBounded`: whether its type needs a place. */
export function dueTimers(
  state: SagaState,
  nowMs: number,
  isBounded: () => boolean,
): readonly TimerInbound[] {
  return Object.entries(state.live.timers)
    .filter(([, timer]) => timer.dueMs !== undefined && timer.dueMs <= nowMs)
    .sort(([, a], [, b]) => (a.dueMs ?? 0) - (b.dueMs ?? 0))
    .map(([timer, { token }]) => {
      const inbound = { kind: 'timer', timer, token } as const;
      // A saga that was accepted long ago begins under the bound of today.
      return timer === START_TIMER ? { ...inbound, isLimited: isBounded() } : inbound;
    });
}

/** Every attempt that the end of its process cut off; `wasClean`: it ended in good order. */
export function interruptions(state: SagaState, wasClean: boolean): readonly Interruption[] {
  return Object.entries(state.live.activities).map(([activity, { token }]) => {
    const interrupted = { kind: 'interrupted', activity, token } as const;
    return wasClean ? { ...interrupted, wasClean } : interrupted;
  });
}
