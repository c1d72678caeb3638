/**
 * What can reach a saga, and what a turn answers: the narrow port between the core and any host.
 */
import type { EventObject } from 'xstate';
import type { LateResult } from '../activity.ts';
import type { Failure } from '../failure.ts';
import type { CustomAction } from '../machine/macrostep/action-command.ts';
import type { ParentLink } from './parent-link.ts';
import type { Decision, Direction, SagaState } from '../state.ts';
import type { SagaStatus } from '../status.ts';

/**
 * How an attempt ended. A time-out is a timer, not an outcome. `gaveUp`: the attempt was a child
 * saga in which a person gave something up.
 */
export type AttemptOutcome =
  | { readonly kind: 'done'; readonly output: unknown; readonly gaveUp?: Decision }
  | { readonly kind: 'failed'; readonly failure: Failure; readonly gaveUp?: Decision };

/** What a person or program may order beside the machine's own events. */
export interface OperatorCommand {
  readonly name: CommandName;
  /** Who, when known; for the audit. */
  readonly by?: string;
  readonly reason?: string;
  /** The one step that is meant, where several wait for a person. */
  readonly step?: string;
  /**
   * For `edit-context`, `retry`, `skip` and `accept-partial`: members that replace those of the
   * machine's context.
   */
  readonly context?: Readonly<Record<string, unknown>>;
}

/** Every command, in the order a person is offered them. */
export const COMMAND_NAMES = [
  'retry',
  'skip',
  'accept-partial',
  'compensate',
  'edit-context',
  'resume',
  'pause',
  'cancel',
  'terminate',
] as const;

/**
 * `retry` goes on with what waits or gave up; `skip` gives one step or compensation up and goes on;
 * `accept-partial` gives every compensation up that is still owed; `compensate` turns back now;
 * `pause` and `resume` stop and start a saga where it stands; `edit-context` changes its data;
 * `cancel` compensates, `terminate` does not.
 */
export type CommandName = (typeof COMMAND_NAMES)[number];

/** Commands that whoever orders them from outside may tell of which step. */
export const TAKES_STEP: readonly CommandName[] = ['retry', 'skip'];
/** The same with members of the context. */
export const TAKES_CONTEXT: readonly CommandName[] = ['edit-context', 'retry', 'skip'];

/** Why an accepted saga does not begin at once. */
export interface StartHold {
  /** Its time, milliseconds since 1970; `null`: it waits for a place only. */
  readonly startAtMs: number | null;
  /**
   * It needs a place among the sagas of its type before it begins. With a time, that is how it was
   * when it was accepted; what counts is how it is when the time has come.
   */
  readonly isLimited: boolean;
}

/** An event as a program writes it: its type, and what it carries. */
export type OutsideEvent =
  EventObject | ({ readonly type: string } & Readonly<Record<string, unknown>>);

/** Everything that can make a saga move. An inbound may arrive more than once. */
export type Inbound =
  | {
      readonly kind: 'start';
      readonly input: unknown;
      readonly parent?: ParentLink;
      /** Set when the saga does not begin at once. */
      readonly hold?: StartHold;
      /** The `traceparent` of whoever started it. */
      readonly trace?: string;
    }
  /** The saga goes on under another version of its definition, from the state given. */
  | {
      readonly kind: 'migrate';
      readonly from: number;
      readonly to: number;
      /** The state path it came from; the machine that knew it may be gone. */
      readonly before: string;
      /** The encoded state after the migration. */
      readonly state: string;
    }
  /** A saga that waited for a place among those of its type may begin. */
  | { readonly kind: 'admit' }
  | {
      readonly kind: 'event';
      readonly id: string;
      readonly event: EventObject;
      /** Who sent it, for the audit; sagas among themselves name nobody. */
      readonly by?: string;
      readonly reason?: string;
    }
  | {
      readonly kind: 'result';
      readonly activity: string;
      readonly token: number;
      readonly outcome: AttemptOutcome;
      /** Of an attempt that was given up before it answered: the occurrence of its step. */
      readonly occurrence?: number;
    }
  | {
      readonly kind: 'timer';
      readonly timer: string;
      readonly token: number;
      /** Of a start whose time has come: whether it needs a place now, whatever was said before. */
      readonly isLimited?: boolean;
    }
  /** The process that ran this attempt is gone: the attempt starts again, counted. */
  | {
      readonly kind: 'interrupted';
      readonly activity: string;
      readonly token: number;
      /** It left in good order: that says nothing against the activity. */
      readonly wasClean?: true;
    }
  /** An actor that the saga runs says something: a callback, or a child that shows its snapshot. */
  | {
      readonly kind: 'told';
      readonly activity: string;
      readonly token: number;
      readonly event: EventObject;
      /** Of what is durable with its sender, for de-duplication. */
      readonly id?: string;
    }
  | { readonly kind: 'command'; readonly command: OperatorCommand }
  /** The engine cannot go on with this saga. */
  | { readonly kind: 'park'; readonly failure: Failure }
  /** It leaves for another database, goes on here after all, or has left; see moved.ts. */
  | {
      readonly kind: 'move';
      readonly phase: 'leave' | 'back' | 'gone';
      /** Names the move. */
      readonly move: string;
      /** Where it goes, as people call that. */
      readonly place: string;
      readonly by?: string;
      readonly reason?: string;
    };

/** Who sent or commanded it, and why, as far as they said. */
export function authorOf(inbound: Inbound): { readonly by?: string; readonly reason?: string } {
  if (inbound.kind === 'command') return inbound.command;
  return inbound.kind === 'event' || inbound.kind === 'move' ? inbound : {};
}

/** What the host must do after the turn is durable, in this order. */
export type Effect =
  | {
      readonly kind: 'start-activity';
      /** The invoke's id; unique among a saga's live activities. */
      readonly activity: string;
      readonly src: string;
      readonly input: unknown;
      readonly token: number;
      readonly key: string;
      readonly forwardKey: string | null;
      readonly step: string;
      readonly direction: Direction;
      readonly occurrence: number;
      readonly attempt: number;
      /** For a compensation or a probe: what came late of the step. */
      readonly late: LateResult | null;
      /**
       * The timer to fire once the attempt has taken `delayMs` from dispatch; `null`: no time-out.
       */
      readonly timeout: {
        readonly timer: string;
        readonly delayMs: number;
        /** The longest silence before the same timer fires; `null`: none asked for. */
        readonly heartbeatMs: number | null;
      } | null;
      /** A child saga in place of an activity: to be started, or to be unwound. */
      readonly child: {
        readonly id: string;
        readonly isUnwinding: boolean;
        /** The saga hears of every snapshot of it. */
        readonly shows?: true;
      } | null;
      /** Set for an actor that lives in the memory of the host as long as it is wanted. */
      readonly listener?: { readonly isSynced: boolean };
    }
  | {
      readonly kind: 'stop-activity';
      readonly activity: string;
      readonly token: number;
      /** A child saga to be told to end; `null` for an activity, which is aborted. */
      readonly child: { readonly id: string; readonly command: 'cancel' | 'terminate' } | null;
    }
  /** An actor in the memory of the host gets an event; one that is gone does not. */
  | {
      readonly kind: 'tell-activity';
      readonly activity: string;
      readonly token: number;
      readonly event: EventObject;
    }
  /** Another saga must hear of it, at least once, in order. `index` counts with `emit`. */
  | {
      readonly kind: 'send';
      readonly index: number;
      readonly to: string;
      readonly event: EventObject;
      /** Set where the receiver has to look whether the sender is still its own. */
      readonly shows?: NonNullable<ParentLink['shows']>;
    }
  /** A subscriber must hear of it, at least once. `index` counts within the turn. */
  | { readonly kind: 'emit'; readonly index: number; readonly event: EventObject }
  /** A custom action of the machine, at least once. `version`: of the definition that has it. */
  | (CustomAction & { readonly index: number; readonly version: number });

/** One line of the journal, without the global `seq` the store gives it. */
export interface JournalRecord {
  readonly sagaSeq: number;
  readonly atMs: number;
  /** `note`: durable, but nothing moved (late, duplicate, or not handled here). */
  readonly kind: 'transition' | 'note';
  readonly cause: Inbound['kind'];
  /** The event the machine saw, or the command. */
  readonly event: string;
  /**
   * State paths such as `forward.processPayment.running`; parallel regions joined with ` + `, and of
   * more than eight those that changed, as in `all.third.done + 99 more`.
   */
  readonly from: string | null;
  readonly to: string;
  readonly status: SagaStatus;
  /** The inbound as it came, so that a replay through the core gives the same snapshot. */
  readonly inbound: Inbound;
  /** Why nothing moved, or what moved beside the event. */
  readonly note?: string;
}

/** What came of an inbound. */
export type Turn =
  | {
      readonly kind: 'advanced';
      readonly state: SagaState;
      readonly effects: readonly Effect[];
      readonly record: JournalRecord;
    }
  | { readonly kind: 'noted'; readonly state: SagaState; readonly record: JournalRecord }
  | {
      readonly kind: 'refused';
      readonly reason: 'ended' | 'not-accepted' | 'overloaded' | 'moved';
      /** Commands, or event types, that would be accepted now. */
      readonly legal: readonly string[];
      /** Of an event: the types that would be kept for later. */
      readonly kept?: readonly string[];
    };
