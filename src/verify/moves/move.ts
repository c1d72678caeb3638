/** One thing that can happen to a saga, as `verify` and the test kit tell it. */
import type { EventObject } from 'xstate';
import type { SagaDefinition } from '../../core/define/definition.ts';
import type { Inbound } from '../../core/turn/inbound.ts';
import type { LiveTimer, SagaState } from '../../core/state.ts';
import type { Decision } from './decisions.ts';
import { timerName } from '../../core/machine/timer-ids.ts';
import type { Answer } from '../world.ts';

/** What drives a saga on: by itself at once, by the clock, or from outside. */
export type Drive = 'result' | 'timer' | 'outside';

export interface Move {
  /** For a person: `charge: refused`, `timer deadline`, `command cancel`. */
  readonly label: string;
  readonly drive: Drive;
  /** The activity, timer, event or command it is about. */
  readonly subject: string;
  readonly inbound: Exclude<Inbound, { kind: 'start' }>;
  /** The state to take it in; differs from the present one only in how often it was dispatched. */
  readonly from: SagaState;
  readonly nowMs: number;
  /** What the world learns of it. */
  readonly answer: Answer | null;
  /** What a person settles by it. */
  readonly decision: Decision | null;
  /** The one step that a command names; `null`: none. */
  readonly step: string | null;
  /** What the machine sees of it. */
  readonly event: EventObject;
  /** True for an event whose members nobody gave an example of. */
  readonly isMadeUp: boolean;
}

/** When everything happens that is no timer. */
export const START_MS = 0;

/**
 * The timers that can fire: an attempt time-out runs from dispatch, so it is silent while its
 * activity does not run.
 */
export function timersThatFire(
  definition: SagaDefinition,
  { live }: SagaState,
): readonly (readonly [string, LiveTimer])[] {
  return Object.entries(live.timers).filter(([id]) => {
    const role = definition.timers.get(id);
    return role?.kind !== 'attempt-timeout' || live.activities[role.activity] !== undefined;
  });
}

/** A timer fires at its due time. */
export function timerMove(
  definition: SagaDefinition,
  state: SagaState,
  timer: string,
  { token, dueMs, event }: LiveTimer,
): Move {
  return {
    label: timerLabel(definition, timer),
    drive: 'timer',
    subject: timerName(timer),
    inbound: { kind: 'timer', timer, token },
    from: state,
    nowMs: dueMs ?? START_MS,
    answer: null,
    event,
    decision: null,
    step: null,
    isMadeUp: false,
  };
}

/** A timer as a person knows it. */
export function timerLabel(definition: SagaDefinition, id: string): string {
  const role = definition.timers.get(id);
  switch (role?.kind) {
    case undefined:
      return `timer ${timerName(id)}`;
    case 'attempt-timeout':
      return `${role.activity}: timed out`;
    case 'retry':
      return `timer ${role.activity}.retry`;
    case 'wait':
      return `timer ${role.delay}`;
  }
}

/** Tells several values of one outcome apart. */
export function numbered(index: number, count: number): string {
  return count === 1 ? '' : ` (example ${index + 1})`;
}
