/**
 * A saga instance as the core knows it between two turns, in a form that survives JSON.
 *
 * Invariant: everything a restart needs is in here. `SagaState` in, `SagaState` out; nothing in
 * this file or in anything it describes is ever changed in place.
 */
import type { AnyMachineSnapshot, EventObject } from 'xstate';
import type { LateResult } from './activity.ts';
import type { Failure } from './failure.ts';
import type { ParentLink } from './turn/parent-link.ts';
import { isEnded, type SagaStatus, type StepKind, type StepStatus } from './status.ts';

/** Forward: the step itself. Compensate: its semantic undo. Probe: asks whether it happened. */
export type Direction = 'forward' | 'compensate' | 'probe';

/** An activity that was commanded and has not answered yet. */
export interface LiveActivity {
  /** The saga's `seq` of the turn that commanded it; a result must carry it. */
  readonly token: number;
  /** Name of the activity in the contract. */
  readonly src: string;
  readonly input: unknown;
  readonly step: string;
  /** As that of its entry: what its keys are made of. */
  readonly keyName?: string;
  readonly direction: Direction;
  readonly occurrence: number;
  /** 1 for the first attempt of this occurrence and direction. */
  readonly attempt: number;
  /** How often this very attempt was started; above 1 an earlier start may have had its effect. */
  readonly dispatches: number;
  /** Of these, how many ended in good order: the engine stopped, or a person paused the saga. */
  readonly cleanStops?: number;
  /** Set on an attempt that is never started a second time. */
  readonly isOnce?: true;
  /** Set while the saga is parked because nothing took this attempt's failure. */
  readonly hasFailed?: true;
  /** The saga that runs, or is unwound, as a child in place of an activity. */
  readonly childId?: string;
  /** Started under an id that no drawing knows. */
  readonly isSpawned?: true;
  /** No attempt of a step: it lives in the host's memory, and speaks while the saga wants it. */
  readonly isListener?: true;
  /** The machine hears of every snapshot of it. */
  readonly isSynced?: true;
}

/** A wake-up that was armed and has not fired yet. */
export type LiveTimer = {
  readonly token: number;
  /** The event the machine receives when it fires. */
  readonly event: EventObject;
  /** Who receives it instead. */
  readonly to?: TimerReceiver;
} & TimerTime;

/** When a timer fires: at a time of its own, or some time after the dispatch of an attempt. */
export type TimerTime =
  /** Durable, milliseconds since 1970. */
  | { readonly dueMs: number; readonly delayMs?: never }
  /** The time-out of an attempt: it runs from dispatch, and again from a new dispatch. */
  | { readonly delayMs: number; readonly dueMs?: never };

/** Another actor that an event goes to when its time comes. */
export type TimerReceiver =
  | { readonly kind: 'parent' }
  /** `token`: of the actor that was meant; absent for one that is stepped inside the turn. */
  | { readonly kind: 'child'; readonly id: string; readonly token?: number };

/** What is live: only these may make a transition. Keys: invoke id, timer id. */
export interface Live {
  readonly activities: Readonly<Record<string, LiveActivity>>;
  readonly timers: Readonly<Record<string, LiveTimer>>;
}

/** One side (forward or compensation) of a step's story. */
export interface StepProgress {
  readonly attempts: number;
  readonly startedAtMs: number;
  readonly endedAtMs?: number;
  /** Set while a retry delay runs. */
  readonly nextAttemptAtMs?: number;
  readonly error?: Failure;
  /** True once an attempt of it failed in a way that may have had its effect. */
  readonly mayHaveHappened?: true;
}

/** One occurrence of a step that was started, in order of recorded start. */
export interface StepEntry extends StepProgress {
  readonly name: string;
  /** The name it had when it was started, where a migration has renamed it: its keys go by that. */
  readonly keyName?: string;
  readonly kind: StepKind;
  readonly occurrence: number;
  /** The round of its loop that it ran in, 1 for the first; absent outside of one. */
  readonly round?: number;
  /** The saga that this step runs as a child. */
  readonly childId?: string;
  /** What an attempt answered after the saga had given it up. */
  readonly late?: LateResult;
  /** How often it was asked whether the step happened. */
  readonly probes?: number;
  /** Who gave the step or its compensation up, and why. */
  readonly skip?: Decision;
  /** Who gave a compensation up in the child saga that this step runs, and why. */
  readonly gaveUp?: Decision;
  readonly status: StepStatus;
  readonly compensation?: StepProgress & {
    /** Name of the compensating activity. */
    readonly name: string;
    readonly status: 'running' | 'retrying' | 'failed' | 'completed';
  };
}

/** Who decided, and why. */
export interface Decision {
  readonly by: string | null;
  readonly reason: string | null;
}

/** An event that came before the machine could take it. */
export interface EarlyEvent {
  readonly id: string;
  readonly event: EventObject;
}

/** How a person settled what the machine could not. */
export interface Resolution {
  readonly atMs: number;
  readonly by: string | null;
  readonly reason: string | null;
}

/** By step: the saga's own seq of the line that has its result, and how long that is as JSON. */
export type FromJournal = Readonly<Record<string, readonly [seq: number, length: number]>>;

/** A saga instance after its last committed turn. */
export interface SagaState {
  readonly id: string;
  /** The saga that started this one; `null` for one that was started from outside. */
  readonly parent: ParentLink | null;
  /** The saga's own count of turns; 1 after the start. Notes count too. */
  readonly seq: number;
  readonly status: SagaStatus;
  readonly snapshot: AnyMachineSnapshot;
  readonly live: Live;
  readonly steps: readonly StepEntry[];
  /** Why it left the forward path, once it did. */
  readonly failureReason: Failure | null;
  /** Ids of the last events taken, newest last, for de-duplication. */
  readonly seenEvents: readonly string[];
  /** Events that wait until the machine can take them, the oldest first. */
  readonly early: readonly EarlyEvent[];
  /** Set once a saga in `compensation_failed` or `failed` is over because a person said so. */
  readonly resolution: Resolution | null;
  /** Why the engine cannot go on; set while the status is `parked`. */
  readonly parkReason: Failure | null;
  /** The `traceparent` that it was started with; `null` where none was given. */
  readonly trace: string | null;
  /** Long results that its stored state leaves to the journal; absent where there are none. */
  readonly fromJournal?: FromJournal | undefined;
}

/** How many event ids a saga remembers: the published window of de-duplication. */
export const MAX_SEEN_EVENTS = 64;

/** How many events a saga keeps that nobody waits for yet. */
export const MAX_EARLY_EVENTS = 16;

/** Nothing more happens by itself and nobody needs to act, or a person has acted. */
export function isOver({ status, resolution }: Pick<SagaState, 'status' | 'resolution'>): boolean {
  return isEnded(status) || resolution !== null;
}

/** Nothing of it moves until a person lets it go on. */
export function isStill({ status }: Pick<SagaState, 'status'>): boolean {
  return status === 'paused' || status === 'parked';
}

/** The earliest durable due time, milliseconds since 1970; `null` when none is armed. */
export function nextDueMs(live: Live): number | null {
  let earliest: number | null = null;
  for (const id in live.timers) {
    const dueMs = live.timers[id]?.dueMs;
    if (dueMs !== undefined && (earliest === null || dueMs < earliest)) earliest = dueMs;
  }
  return earliest;
}

/** True while an activity is commanded that has not answered. */
export function hasLiveActivity(live: Live): boolean {
  for (const _ in live.activities) return true;
  return false;
}

/** The step that the saga is at: the last one that is not at rest, else the last one. */
export function currentStep(steps: readonly StepEntry[]): StepEntry | undefined {
  const busy = steps.findLast((step) => isBusy(step.status));
  return busy ?? steps.at(-1);
}

function isBusy(status: StepStatus): boolean {
  return (
    status === 'running' ||
    status === 'retrying' ||
    status === 'compensating' ||
    status === 'compensation_failed'
  );
}
