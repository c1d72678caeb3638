/** What goes into a step of a machine beside the event, and what comes out of it. */
import type { AnyMachineSnapshot } from 'xstate';
import type { Ledger } from '../../turn/ledger.ts';
import type { Command } from './action-command.ts';

/** A machine's snapshot after a macrostep, and what it commands. */
export interface Macrostep {
  readonly snapshot: AnyMachineSnapshot;
  readonly commands: readonly Command[];
}

/** Who a saga is. */
export interface Identity {
  readonly id: string;
  /** The saga that started it; `null`: `sendParent` has nobody to send to. */
  readonly parentId: string | null;
}

/** The saga that a machine runs as, within a turn. */
export interface Self extends Identity {
  /** How its steps stand, with the answer that this turn brings in it. */
  readonly ledger: Ledger;
  /** The saga's own number of the turn; ids that nobody gave are made of it. */
  readonly turn?: number;
}
