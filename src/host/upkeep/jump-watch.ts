/**
 * Notices that the wall clock was set, by a clock that never is.
 */
import type { Clock } from '../clock.ts';

/** The wall clock held against the steady one, each time that it is asked. */
export interface JumpWatch {
  /** How far the wall clock has jumped since the last jump that was told, when that is too far. */
  jumpMs(): number | null;
  /** How much time has really passed since the last call; `null`: the clock cannot tell. */
  elapsedMs(): number | null;
  /** The wall clock is right as it is now. */
  accept(): void;
}

/**
 * Watches for jumps over `toleranceMs`, ahead or back. Small ones add up, so that a clock which is
 * set again and again is noticed too.
 */
export function watchJumps(clock: Clock, toleranceMs: number): JumpWatch {
  const steadyMs = (): number | null => clock.monotonicMs?.() ?? null;
  const offsetMs = (): number | null => {
    const steady = steadyMs();
    return steady === null ? null : clock.nowMs() - steady;
  };
  let accepted = offsetMs();
  let last = steadyMs();

  return {
    jumpMs() {
      const now = offsetMs();
      if (now === null || accepted === null) return null;
      const jump = now - accepted;
      if (Math.abs(jump) <= toleranceMs) return null;
      accepted = now;
      return jump;
    },
    elapsedMs() {
      const now = steadyMs();
      const elapsed = now === null || last === null ? null : now - last;
      last = now;
      return elapsed;
    },
    accept: () => void (accepted = offsetMs()),
  };
}
