/**
 * What a start does before it accepts work: every saga that was in flight goes on, every timer of
 * the near future is armed, every event that nobody acknowledged is delivered again.
 */
import type { Wake } from '../../store/store.ts';
import type { ActorSaga } from '../actor/saga-loader.ts';
import { WINDOW_MS, type WakeSource } from '../outside/wake-timers.ts';

/** Due times read at once. */
const PAGE_SIZE = 1_000;
/** States loaded at once. */
const LOADS_AT_ONCE = 64;

export interface RecoveryParts {
  readonly source: WakeSource;
  readonly load: (sid: number) => Promise<ActorSaga>;
  /** Puts the saga back to work; `null`: its state could not be read. */
  readonly resume: (sid: number, saga: ActorSaga | null) => void;
  readonly arm: (sid: number, dueMs: number) => void;
}

/** What was found. */
export interface Recovered {
  readonly inFlight: number;
  readonly timers: number;
  /** Due times up to here are armed. */
  readonly untilMs: number;
}

export async function recover(parts: RecoveryParts, nowMs: number): Promise<Recovered> {
  const untilMs = nowMs + WINDOW_MS;
  let inFlight = 0;
  let timers = 0;
  let after: Wake | null = null;
  for (;;) {
    const page: readonly Wake[] = await parts.source.wakes(untilMs, after, PAGE_SIZE);
    const busy = page.filter((wake) => wake.wakeAtMs === 0).map((wake) => wake.sid);
    for (const { sid, wakeAtMs } of page) if (wakeAtMs > 0) parts.arm(sid, wakeAtMs);
    await resumeAll(parts, busy);
    inFlight += busy.length;
    timers += page.length - busy.length;
    after = page.at(-1) ?? null;
    if (after === null || page.length < PAGE_SIZE) return { inFlight, timers, untilMs };
  }
}

async function resumeAll(parts: RecoveryParts, sids: readonly number[]): Promise<void> {
  for (let start = 0; start < sids.length; start += LOADS_AT_ONCE) {
    const chunk = sids.slice(start, start + LOADS_AT_ONCE);
    await Promise.all(
      chunk.map(async (sid) => {
        // One unreadable saga must not keep the others from going on: its actor will park it.
        const saga = await parts.load(sid).catch(() => null);
        parts.resume(sid, saga);
      }),
    );
  }
}
