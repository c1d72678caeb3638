/** What the face tells and does of the calls on Restate; see `HostCalls`. */
import type { HostCalls } from '../../host/host-calls.ts';
import { nudge, type NudgeParts } from './nudge.ts';
import type { Resync } from './resync.ts';
import { findTroubles } from './stuck-calls.ts';
import type { Watch } from './watch.ts';

export interface CallsOnRestateParts extends NudgeParts {
  readonly watch: Watch;
  readonly resync: Resync;
}

/** The calls on Restate, as of the last look of the watch or looked at now. */
export function callsOnRestate(parts: CallsOnRestateParts): HostCalls {
  const { admin, clock, watch, resync } = parts;
  return {
    figures() {
      const { standing } = watch;
      if (standing.kind !== 'ready') return null;
      const { kind: _, ...figures } = standing;
      return figures;
    },
    troubles: () => findTroubles(admin, clock.nowMs()),
    nudge: (sagaId, { isTrial = false } = {}) => nudge(parts, sagaId, isTrial),
    resync: ({ isTrial = false } = {}) => resync.begin(isTrial),
    resynced: () => resync.progress,
  };
}
