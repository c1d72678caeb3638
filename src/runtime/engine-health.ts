/** How an engine stands, from what it does and what its store says. */
import { BackstepError } from '../core/errors.ts';
import type { FinalFault } from '../store/final-fault.ts';
import type { StoreHealth } from '../store/store.ts';
import type { EngineHealth } from '../host/backstep.ts';

/** What the engine does. */
export type Phase = 'opened' | 'accepting' | 'stopping' | 'failed';

// Also what a caller is told who has forgotten to start it.
const NOT_STARTED =
  'start() has not resolved yet: it recovers what was in flight, and then work is taken';

/** `ready`: what is told once work is taken on. */
export function healthIn(
  phase: Phase,
  store: StoreHealth,
  ready: (store: StoreHealth & { readonly kind: 'ready' }) => EngineHealth,
): EngineHealth {
  if (store.kind !== 'ready') return store;
  switch (phase) {
    case 'opened':
      return { kind: 'recovering', reason: NOT_STARTED };
    case 'accepting':
      return ready(store);
    case 'stopping':
    case 'failed':
      return { kind: 'stopping', reason: 'the engine is stopping' };
  }
}

/** Throws `unavailable` where a start must not go on: the engine was stopped meanwhile, or has failed. */
export function assertStarting(phase: Phase): void {
  if (phase !== 'opened') throw new BackstepError('unavailable', 'the engine is stopping');
}

/** Throws `unavailable` where no work is taken on. */
export function assertAccepting(health: EngineHealth): void {
  if (health.kind === 'ready') return;
  throw new BackstepError('unavailable', health.reason, { retryAfterMs: 2_000 });
}

/** What the log says of a process that can write no more. */
export function fatalTextOf({ isTakenOver }: FinalFault): string {
  return isTakenOver === true
    ? 'another process owns the database; what this one did not acknowledge, that one decides'
    : 'the storage failed; the outcome of a commit may be unknown';
}
