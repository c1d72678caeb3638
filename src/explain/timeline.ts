/**
 * The story of a saga in time, read off its replayed journal: every attempt, every wait before the
 * next one, and every stretch in which it stood still for an event or a person.
 *
 * Pure. Invariant: a stretch ends at the turn that ended it; what is still open has no end.
 */
import type { SagaDefinition } from '../core/define/definition.ts';
import type { Failure } from '../core/failure.ts';
import { authorOf, type Inbound } from '../core/turn/inbound.ts';
import type { ReplayedTurn } from '../core/history/replay.ts';
import type { Direction, SagaState } from '../core/state.ts';
import type { SagaStatus } from '../core/status.ts';

/** How a stretch ended. `left`: the saga moved on before it was over. */
export type StretchEnd = 'done' | 'failed' | 'timed-out' | 'passed' | 'left';

interface Stretch {
  readonly fromMs: number;
  /** `null`: not over yet. */
  readonly toMs: number | null;
  readonly end: StretchEnd | null;
}

/** One attempt of an activity, from its intent on record to its answer. */
export interface AttemptStretch extends Stretch {
  readonly kind: 'attempt';
  readonly activity: string;
  readonly direction: Direction;
  readonly occurrence: number;
  readonly attempt: number;
  /** How often it was started; above 1 after a crash. */
  readonly dispatches: number;
  readonly error: Failure | null;
}

/** The wait before the next attempt. */
export interface DelayStretch extends Stretch {
  readonly kind: 'delay';
  readonly activity: string;
}

/** A time in which the saga waited for something from outside. */
export interface StillStretch extends Stretch {
  readonly kind: 'still';
  readonly status: SagaStatus;
  readonly state: string;
  /** Who ended it, where a person or program did. */
  readonly by: string | null;
}

export type TimelineStretch = AttemptStretch | DelayStretch | StillStretch;

const STILL: ReadonlySet<SagaStatus> = new Set([
  'waiting',
  'paused',
  'parked',
  'compensation_failed',
  'failed',
]);

/** The stretches in order of their beginning. `turns`: from the start on, without a gap. */
export function timelineOf(turns: readonly ReplayedTurn[]): readonly TimelineStretch[] {
  const stretches: TimelineStretch[] = [];
  /** Where the open ones are, by what they are about. */
  let open = new Map<string, number>();
  for (const { record, state, definition } of turns) {
    const present = presentStretches(definition, state, record.to, record.atMs);
    const next = new Map<string, number>();
    for (const [key, index] of open) {
      if (present.has(key)) continue;
      const stretch = stretches[index];
      if (stretch === undefined) continue;
      stretches[index] = ended(definition, stretch, record.inbound, record.atMs);
    }
    for (const [key, stretch] of present) {
      const index = open.get(key);
      next.set(key, index ?? stretches.push(stretch) - 1);
      const known = index === undefined ? undefined : stretches[index];
      if (index !== undefined && known?.kind === 'attempt' && stretch.kind === 'attempt') {
        stretches[index] = { ...known, dispatches: stretch.dispatches };
      }
    }
    open = next;
  }
  return stretches;
}

function presentStretches(
  { timers }: SagaDefinition,
  { live, status, resolution }: SagaState,
  place: string,
  atMs: number,
): ReadonlyMap<string, TimelineStretch> {
  const born = { fromMs: atMs, toMs: null, end: null };
  const present = new Map<string, TimelineStretch>();
  for (const [activity, one] of Object.entries(live.activities)) {
    const { direction, occurrence, attempt, dispatches } = one;
    const story = { activity, direction, occurrence, attempt, dispatches, error: null };
    present.set(`attempt ${activity} ${one.token}`, { kind: 'attempt', ...story, ...born });
  }
  for (const [id, { token }] of Object.entries(live.timers)) {
    const role = timers.get(id);
    if (role?.kind !== 'retry') continue;
    present.set(`delay ${id} ${token}`, { kind: 'delay', activity: role.activity, ...born });
  }
  if (STILL.has(status) && resolution === null) {
    present.set(`still ${status} ${place}`, {
      kind: 'still',
      status,
      state: place,
      by: null,
      ...born,
    });
  }
  return present;
}

function ended(
  definition: SagaDefinition,
  stretch: TimelineStretch,
  inbound: Inbound,
  toMs: number,
): TimelineStretch {
  switch (stretch.kind) {
    case 'attempt':
      return { ...stretch, toMs, ...attemptEnd(definition, stretch.activity, inbound) };
    case 'delay':
      return { ...stretch, toMs, end: inbound.kind === 'timer' ? 'passed' : 'left' };
    case 'still':
      return { ...stretch, toMs, end: 'passed', by: authorOf(inbound).by ?? null };
  }
}

function attemptEnd(
  { timers }: SagaDefinition,
  activity: string,
  inbound: Inbound,
): { readonly end: StretchEnd; readonly error: Failure | null } {
  if (inbound.kind === 'result' && inbound.activity === activity) {
    return inbound.outcome.kind === 'done'
      ? { end: 'done', error: null }
      : { end: 'failed', error: inbound.outcome.failure };
  }
  const role = inbound.kind === 'timer' ? timers.get(inbound.timer) : undefined;
  const isTimedOut = role?.kind === 'attempt-timeout' && role.activity === activity;
  return { end: isTimedOut ? 'timed-out' : 'left', error: null };
}
