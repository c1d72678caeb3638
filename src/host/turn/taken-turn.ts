/** A turn that a host has taken, before and after it is durable. */
import type { SagaState } from '../../core/state.ts';
import type { Effect, JournalRecord } from '../../core/turn/inbound.ts';

export interface TakenTurn {
  /** `null`: the saga began with it. */
  readonly before: SagaState | null;
  readonly after: SagaState;
  readonly record: JournalRecord;
  readonly effects: readonly Effect[];
}

/** A turn that became durable. */
export interface CommittedTurn extends TakenTurn {
  /** Global position in the journal. */
  readonly seq: number;
}
