/**
 * One batch on its way: what is decided of it, and the transaction that is in hand for it.
 *
 * It outlives a connection: what a lost one left undecided is decided over the next one.
 */
import type { ExpectedStatement } from '../../../core/activity.ts';
import { toFailure } from '../../../core/failure.ts';
import type { BatchItem, ItemOutcome } from '../../batch-items.ts';
import { hasKey } from './batch-plan.ts';
import { turnOf } from './stored-seqs.ts';
import { ownStatements, toStatements } from './participants.ts';
import type { Statement } from '../connection/pipeline.ts';

/** A transaction whose COMMIT may be under way. */
export interface InHand {
  /** What would be decided by it: indexes of items. */
  readonly indexes: readonly number[];
  /** The seq given last before it. */
  readonly seq: number;
  /** The server's id of the transaction, where it was told. */
  readonly transactionId: string | null;
  /** Outcomes that do not depend on what the database answers. */
  readonly known: ReadonlyMap<number, ItemOutcome>;
}

export class Batch {
  readonly items: readonly BatchItem[];
  /** Participants' statements by the index of their item, as they are sent. */
  readonly own = new Map<number, readonly Statement[]>();
  /** Of turns whose statements may not be sent: the outcome, unless the turn itself has another. */
  readonly unsendable = new Map<number, ItemOutcome>();
  readonly #outcomes: (ItemOutcome | undefined)[];
  inHand: InHand | null = null;
  /** Some item is, see `isEntangledAt`. */
  readonly isEntangled: boolean;
  /** After a connection was lost: items are tried one by one. */
  isCautious = false;

  constructor(items: readonly BatchItem[]) {
    this.items = items;
    this.#outcomes = items.map((item, index) => this.#prepare(item, index));
    const withStatements = [...this.own.keys(), ...this.unsendable.keys()];
    this.isEntangled = withStatements.some((index) => this.isEntangledAt(index));
  }

  /**
   * Only the database knows whether a start's key is taken, or a row of the inbox: a turn with
   * statements besides is tried alone, since those must not be committed without it, and what they
   * come to is not its outcome then.
   */
  isEntangledAt(index: number): boolean {
    const turn = turnOf(this.items[index]);
    if (turn === null || !(this.own.has(index) || this.unsendable.has(index))) return false;
    return hasKey(turn) || (turn.extras !== null && turn.extras.inbox !== null);
  }

  /** Indexes of items that are not decided. */
  open(): readonly number[] {
    const indexes: number[] = [];
    for (const [index, outcome] of this.#outcomes.entries()) {
      if (outcome === undefined) indexes.push(index);
    }
    return indexes;
  }

  /** Decides items, and with them the transaction in hand. */
  decide(outcomes: Iterable<readonly [index: number, outcome: ItemOutcome]>): void {
    for (const [index, outcome] of outcomes) this.#outcomes[index] = outcome;
    this.inHand = null;
  }

  /** Participants' statements of an item, as they were given. */
  expected(index: number): readonly ExpectedStatement[] {
    const item = this.items[index];
    return item === undefined ? [] : ownStatements(item);
  }

  /** Of all items. Throws while one is open. */
  outcomes(): readonly ItemOutcome[] {
    return this.#outcomes.map((outcome) => {
      if (outcome === undefined) throw new Error('the writer left an item undecided');
      return outcome;
    });
  }

  /** The outcome of a participant's own write that may not be sent. */
  #prepare(item: BatchItem, index: number): ItemOutcome | undefined {
    const statements = ownStatements(item);
    if (statements.length === 0 && item.kind !== 'write') return undefined;
    try {
      this.own.set(index, toStatements(statements));
      return undefined;
    } catch (thrown) {
      const outcome: ItemOutcome = { kind: 'rejected', message: toFailure(thrown).message };
      if (item.kind === 'write') return outcome;
      this.unsendable.set(index, outcome);
      return undefined;
    }
  }
}
