/**
 * The books of the simulated participants: what each step of each saga did, by idempotency key,
 * and the stock and money that follow from it.
 *
 * Semantic undo as participants promise it: the same key twice has one effect, an undo of what
 * never happened is accepted and fences the forward key. Knows nothing of the engine.
 */
import { BankBooks } from './bank-books.ts';
import type { BookOp, Refusal } from './book-op.ts';

/** What stands under one forward key. */
export interface BookEntry extends BookOp {
  /** `withdrawn`: done and later undone on behalf of another saga, the parent of its own. */
  readonly state: 'applied' | 'undone' | 'fenced' | 'withdrawn';
}

/** Promises of participants that a planted bug may break. */
export interface Manners {
  /** An undo of what never happened fences the key. */
  readonly fences: boolean;
  /** The same key again has no second effect. */
  readonly remembers: boolean;
  /** The same undo again has no second effect. */
  readonly undoesOnce: boolean;
}

export const GOOD_MANNERS: Manners = { fences: true, remembers: true, undoesOnce: true };

export interface BooksOptions {
  readonly initialStock: number;
  readonly manners: Manners;
}

const NO_ENTRIES: ReadonlyMap<string, BookEntry> = new Map();

export class Books {
  readonly bank = new BankBooks();
  /** Sagas whose effects were taken back as a whole: nothing of them happens any more. */
  readonly #closed = new Set<string>();
  readonly #options: BooksOptions;
  readonly #entries = new Map<string, BookEntry>();
  /** The same by saga. */
  readonly #bySaga = new Map<string, Map<string, BookEntry>>();
  #onHand: number;
  #reserved = 0;
  #shipped = 0;
  #chargedMinor = 0;
  #refundedMinor = 0;

  constructor(options: BooksOptions) {
    this.#options = options;
    this.#onHand = options.initialStock;
  }

  get entries(): Iterable<BookEntry> {
    return this.#entries.values();
  }

  /** What one saga did, its children not counted. */
  entriesOf(sagaId: string): Iterable<BookEntry> {
    return (this.#bySaga.get(sagaId) ?? NO_ENTRIES).values();
  }

  /** The same with its children, and theirs. */
  familyEntriesOf(sagaId: string): readonly BookEntry[] {
    return [...this.#bySaga]
      .filter(([id]) => isOfFamily(id, sagaId))
      .flatMap(([, entries]) => [...entries.values()]);
  }

  get stock(): { initial: number; onHand: number; reserved: number; shipped: number } {
    const { initialStock: initial } = this.#options;
    return { initial, onHand: this.#onHand, reserved: this.#reserved, shipped: this.#shipped };
  }

  get netMinor(): number {
    return this.#chargedMinor - this.#refundedMinor;
  }

  stateOf(key: string): BookEntry['state'] | null {
    return this.#entries.get(key)?.state ?? null;
  }

  /** Applies an operation; a refusal has changed nothing. */
  run(op: BookOp): Refusal | null {
    switch (op.kind) {
      case 'apply':
        return this.#apply(op);
      case 'undo':
        return this.#undo(op);
      case 'ask':
        if (!this.#entries.has(op.key) && this.#options.manners.fences) this.#keep(op, 'fenced');
        return null;
    }
  }

  #apply(op: BookOp): Refusal | null {
    const { remembers } = this.#options.manners;
    if (!remembers && this.#entries.has(op.key)) op = { ...op, key: `${op.key}/again` };
    const known = this.#entries.get(op.key);
    if (known?.state === 'applied') return null;
    const isClosed = [...this.#closed].some((id) => isOfFamily(op.sagaId, id));
    if (known !== undefined || isClosed) {
      return { code: 'fenced', message: `${op.key} was undone before` };
    }
    const refusal = this.#moveForward(op);
    if (refusal !== null) return refusal;
    this.#keep(op, 'applied');
    return null;
  }

  #undo(op: BookOp): Refusal | null {
    const known = this.#entries.get(op.key);
    if (known === undefined) {
      this.#withdraw(op);
      if (this.#options.manners.fences) this.#keep(op, 'fenced');
      return null;
    }
    const isOver = known.state === 'undone' && this.#options.manners.undoesOnce;
    if (isOver || known.state === 'fenced' || known.state === 'withdrawn') return null;
    if (op.step === 'reserveInventory' && this.#isShipped(op.sagaId)) {
      return { code: 'already-shipped', message: 'the reserved stock was shipped' };
    }
    if (op.step === 'reserveNumber' && this.#stands(op.sagaId, 'openAccount')) {
      return { code: 'account-open', message: 'the account under this number is open' };
    }
    this.#moveBack(known);
    this.#keep(known, 'undone');
    return null;
  }

  // A step that a child did: there is no entry of its own.
  #withdraw(op: BookOp): void {
    if (op.child !== null) {
      if (this.#options.manners.fences) this.#closed.add(op.child);
      for (const entry of this.familyEntriesOf(op.child)) {
        if (entry.state === 'applied') this.#keep(entry, 'withdrawn');
      }
    }
    const childId = this.bank.withdraw(op);
    if (childId === null) return;
    for (const entry of this.entriesOf(childId)) this.#keep(entry, 'withdrawn');
  }

  #moveForward(op: BookOp): Refusal | null {
    const { step, sagaId, quantity, amountMinor } = op;
    switch (step) {
      case 'reserveInventory':
        if (this.#onHand < quantity) return { code: 'out-of-stock', message: 'not enough on hand' };
        this.#onHand -= quantity;
        this.#reserved += quantity;
        return null;
      case 'updateOrder':
        if (!this.#isHeld(sagaId)) return { code: 'reservation-missing', message: 'nothing held' };
        this.#reserved -= quantity;
        this.#shipped += quantity;
        return null;
      default: {
        const refusal = this.bank.moveForward(op);
        if (refusal === null) this.#chargedMinor += amountMinor;
        return refusal;
      }
    }
  }

  #moveBack(op: BookOp): void {
    const { step, quantity, amountMinor } = op;
    switch (step) {
      case 'reserveInventory':
        this.#onHand += quantity;
        this.#reserved -= quantity;
        return;
      case 'updateOrder':
        this.#reserved += quantity;
        this.#shipped -= quantity;
        return;
      default:
        this.#refundedMinor += amountMinor;
        this.bank.moveBack(op);
    }
  }

  #isHeld(sagaId: string): boolean {
    return this.#stands(sagaId, 'reserveInventory') && !this.#stands(sagaId, 'updateOrder');
  }

  #isShipped(sagaId: string): boolean {
    return this.#stands(sagaId, 'updateOrder');
  }

  #stands(sagaId: string, step: string): boolean {
    for (const entry of this.entriesOf(sagaId)) {
      if (entry.step === step && entry.state === 'applied') return true;
    }
    return false;
  }

  #keep(op: BookOp, state: BookEntry['state']): void {
    const entry: BookEntry = { ...op, kind: 'apply', state };
    this.#entries.set(op.key, entry);
    const ofSaga = this.#bySaga.get(op.sagaId);
    if (ofSaga === undefined) this.#bySaga.set(op.sagaId, new Map([[op.key, entry]]));
    else ofSaga.set(op.key, entry);
  }
}

function isOfFamily(id: string, root: string): boolean {
  return id === root || id.startsWith(`${root}.`);
}

/** A statement that only the simulated disk understands. */
export function statementOf(op: BookOp): { sql: string; parameters: readonly unknown[] } {
  return { sql: 'update books', parameters: [JSON.stringify(op)] };
}

/** The operation of such a statement. */
export function opOf(parameters: readonly unknown[]): BookOp {
  return JSON.parse(String(parameters[0])) as BookOp;
}
