/**
 * What expressions see of their machine in a step that the table takes: its id and its ledger. An
 * expression that asks for more makes the interpreter take the step, which is slower and has it.
 */
import type { Ledger } from '../../turn/ledger.ts';

/** Thrown on the way to leave a step to the interpreter: pure code may be run again. */
export const NOT_COVERED = new Error('not covered by the table of microsteps');

export class TableSelf {
  readonly id: string;
  readonly ledger: Ledger;

  constructor(id: string, ledger: Ledger) {
    this.id = id;
    this.ledger = ledger;
  }

  get sessionId(): never {
    throw NOT_COVERED;
  }

  get system(): never {
    throw NOT_COVERED;
  }

  get _parent(): never {
    throw NOT_COVERED;
  }

  send(): never {
    throw NOT_COVERED;
  }

  getSnapshot(): never {
    throw NOT_COVERED;
  }

  subscribe(): never {
    throw NOT_COVERED;
  }

  on(): never {
    throw NOT_COVERED;
  }
}

/** The system of a machine in such a step. */
export const TABLE_SYSTEM = {
  get(): never {
    throw NOT_COVERED;
  },
  getAll(): never {
    throw NOT_COVERED;
  },
};

/** What references to actors answer in such a step. */
export const LEAVING = { send: leave, stateOf: leave };

function leave(): never {
  throw NOT_COVERED;
}

/** In such a step nothing is spawned. */
export function refuseSpawn(): never {
  throw NOT_COVERED;
}
