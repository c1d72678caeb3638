/**
 * What the engine tells about itself: counted where it happens, put together only when asked for.
 */
import { type Distribution, NO_DURATIONS } from '../core/distribution.ts';
import type { SagaState } from '../core/state.ts';
import type { TypeCounters, TypeFigures } from './telemetry/type-figures.ts';

/** Live figures since the start of the process. */
export interface EngineFigures {
  readonly liveActors: number;
  /** Actors with a turn under way or an item waiting. */
  readonly busyActors: number;
  readonly activitiesInFlight: number;
  /** Attempts that wait for a place. */
  readonly activitiesWaiting: number;
  /** How long attempts took, from dispatch to answer. */
  readonly attemptMs: Distribution;
  /** Items in all mailboxes, and in the fullest one. */
  readonly mailboxItems: number;
  readonly deepestMailbox: number;
  readonly armedWakes: number;
  readonly startedSagas: number;
  readonly settledSagas: number;
  /** Emitted events that were dropped: nobody subscribed to them. */
  readonly unheardEvents: number;
  /** Rows of the inbox that were dealt with, and those of them that were refused. */
  readonly inboxTaken: number;
  readonly inboxRefused: number;
  /** Line of the journal up to which this process's feed has told; a standby's may be behind. */
  readonly feedSeq: number;
  /** By type, as far as this process made turns durable and attempts. */
  readonly types: readonly TypeFigures[];
}

/** A saga whose actor is in memory. */
export interface LiveActor {
  readonly type: string;
  readonly state: SagaState;
  /** Items that wait in its mailbox. */
  readonly mailboxItems: number;
  readonly isBusy: boolean;
}

/** What is looked at of the supervisor and its actors. */
interface Actors {
  readonly liveActors: number;
  readonly busyActors: number;
  actors(): Iterable<{
    readonly waiting: number;
    readonly isBusy: boolean;
    readonly loaded: {
      readonly state: SagaState;
      readonly registration: { readonly definition: { readonly id: string } };
    } | null;
  }>;
}

/** The same of the activity runner. */
interface Attempts {
  readonly inFlight: number;
  readonly backlog: number;
  attemptMs(): Distribution;
}

interface InboxCounts {
  readonly takenRows: number;
  readonly refusedRows: number;
}

/** The figures now. Looks at every live actor: for pages and scrapes, not for a turn. */
export function figuresOf(
  supervisor: Actors,
  runner: Attempts,
  timers: { readonly armed: number },
  counters: TypeCounters,
  courier: { readonly unheardEvents: number },
  inbox: InboxCounts,
  feed: { readonly lastSeq: number },
): EngineFigures {
  let mailboxItems = 0;
  let deepestMailbox = 0;
  for (const { waiting } of supervisor.actors()) {
    mailboxItems += waiting;
    if (waiting > deepestMailbox) deepestMailbox = waiting;
  }
  return {
    liveActors: supervisor.liveActors,
    busyActors: supervisor.busyActors,
    activitiesInFlight: runner.inFlight,
    activitiesWaiting: runner.backlog - runner.inFlight,
    attemptMs: runner.attemptMs(),
    mailboxItems,
    deepestMailbox,
    armedWakes: timers.armed,
    startedSagas: counters.started,
    settledSagas: counters.settled,
    unheardEvents: courier.unheardEvents,
    inboxTaken: inbox.takenRows + inbox.refusedRows,
    inboxRefused: inbox.refusedRows,
    feedSeq: feed.lastSeq,
    types: counters.figures(),
  };
}

/** Those of a process in which no saga runs, and that writes down what others took. */
export function figuresOfWriter(
  counters: TypeCounters,
  inbox: InboxCounts,
  feed: { readonly lastSeq: number },
): EngineFigures {
  return {
    liveActors: 0,
    busyActors: 0,
    activitiesInFlight: 0,
    activitiesWaiting: 0,
    attemptMs: NO_DURATIONS,
    mailboxItems: 0,
    deepestMailbox: 0,
    armedWakes: 0,
    startedSagas: counters.started,
    settledSagas: counters.settled,
    unheardEvents: 0,
    inboxTaken: inbox.takenRows + inbox.refusedRows,
    inboxRefused: inbox.refusedRows,
    feedSeq: feed.lastSeq,
    types: counters.figures(),
  };
}

/** At most `limit` actors, those that came to life last first. */
export function liveActorsOf(supervisor: Actors, limit: number): readonly LiveActor[] {
  return [...supervisor.actors()]
    .toReversed()
    .flatMap(({ loaded, waiting, isBusy }) => {
      if (loaded === null) return [];
      const { state, registration } = loaded;
      return [{ type: registration.definition.id, state, mailboxItems: waiting, isBusy }];
    })
    .slice(0, limit);
}
