/**
 * Between a saga actor and its supervisor: what an actor is given, what it asks for, what it hands
 * over.
 */
import type { ExpectedStatement } from '../../core/activity.ts';
import type { Failure } from '../../core/failure.ts';
import type { Inbound } from '../../core/turn/inbound.ts';
import type { SagaState } from '../../core/state.ts';
import type { CommitOutcome, SagaCommit } from '../../store/commit.ts';
import type { ActorSaga } from './saga-loader.ts';
import type { CheckedAlerts } from '../../host/alerts/alert-rules.ts';
import type { Marker } from '../../host/alerts/marker.ts';
import type { InboxRef } from '../../host/inbox/inbox-answer.ts';
import type { CommittedTurn } from '../../host/turn/taken-turn.ts';
import type { Clock } from '../../host/clock.ts';
import type { Limits } from '../../host/limits.ts';
import type { Registration, Registry } from '../../host/registry.ts';
import type { Store } from '../../store/store.ts';

/** Who asked, and must be answered once the turn is durable. */
export interface Reply {
  /** The saga's `seq` the caller knows; another one is a conflict. */
  readonly expectedVersion: number | null;
  readonly resolve: (state: SagaState) => void;
  readonly reject: (error: unknown) => void;
}

/** What waits in a saga's mailbox. */
export type Item =
  | {
      readonly kind: 'inbound';
      readonly inbound: Exclude<Inbound, { kind: 'start' }>;
      /** Of a transactional activity: they commit with the turn that records its success. */
      readonly statements: readonly ExpectedStatement[];
      readonly reply: Reply | null;
      /** The row of the inbox that it came by. */
      readonly row?: InboxRef;
    }
  /**
   * A durable timer may be due. `done`: it was looked at; with why it could not be loaded, else
   * `null`. `isReloaded`: from the store, since another version may have come that it migrates to.
   */
  | { readonly kind: 'wake'; readonly isReloaded?: true; readonly done?: (why: unknown) => void }
  /** What ran this saga's activities is gone; `wasClean`: it was ended in good order. */
  | { readonly kind: 'recover'; readonly wasClean: boolean };

/**
 * After a failure: try the item again on a fresh load, try it again when the store has room, park
 * the saga, or stop because the engine does.
 */
export type Verdict = 'restart' | 'later' | 'park' | 'stop';

/** What actors and their supervisor are made with. */
export interface SupervisorParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly registry: Registry;
  readonly limits: Limits;
  readonly alerts?: CheckedAlerts;
}

/** What an actor needs of its supervisor. */
export interface ActorHost {
  readonly mailboxEvents: number;
  readonly stateLength: number;
  /** What turns say to rules of alerts; `null`: nothing. */
  readonly marker: Marker | null;
  nowMs(): number;
  load(sid: number): Promise<ActorSaga>;
  /** `isAwaited`: somebody waits for the answer to this turn. */
  commit(commit: SagaCommit, isAwaited?: boolean): Promise<CommitOutcome>;
  /** Starts, stops, arms, publishes. */
  dispatch(sid: number, registration: Registration, turn: CommittedTurn): void;
  /** The earliest due time of the state, for the wake-up. */
  arm(sid: number, state: SagaState): void;
  /** Whether sagas of the type need a place before they begin. */
  isBounded(type: string): boolean;
  /** Calls back after a short pause. */
  later(run: () => void): void;
  decide(sid: number, error: unknown): Verdict;
  /** Parks a saga whose stored state cannot be read. */
  parkUnreadable(sid: number, failure: Failure): Promise<void>;
  onIdle(sid: number): void;
  /** Drops the actor of a saga that was not started. */
  forget(sid: number): void;
}
