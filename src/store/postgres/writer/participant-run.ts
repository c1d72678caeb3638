/**
 * Runs participants' statements of many items in one transaction, so that one that fails or is not
 * met takes nothing but its own item with it.
 *
 * Most are sent together under one savepoint. Where one of them goes wrong, all is undone to that
 * savepoint and items with such a statement get one each; the SQL is remembered for a while, since
 * what failed once tends to fail again. Invariant: every segment begins with BEGIN or a savepoint,
 * so that none can run outside the transaction.
 */
import type { ItemOutcome } from '../../batch-items.ts';
import type { Batch } from './batch.ts';
import { readChanges } from './participants.ts';
import type { Answer, Statement } from '../connection/pipeline.ts';
import {
  AFTER_A_WAIT,
  BEGIN,
  CHECK_CONSTRAINTS,
  FOR_PARTICIPANTS,
  type SegmentFault,
  type Sent,
  type WriterSession,
  savepoint,
  undo,
} from './session.ts';

/** More savepoints than this in one transaction overflow what the server keeps at hand. */
export const MAX_SAVEPOINTS = 64;
/** So many times a statement must go well until it is no longer suspected. */
const TRUST_AFTER = 200;
/** Most statements that are suspected at a time. */
const MAX_SUSPECTS = 1_000;
/** Where in a segment participants' statements begin: after the savepoint. */
const FIRST_OWN = 1;
/** Least segments sent at once after one went wrong. */
const LEAST_WINDOW = 4;

/** Statements that failed lately, by their text. */
export class Suspects {
  readonly #left = new Map<string, number>();

  note(sql: string): void {
    if (this.#left.size >= MAX_SUSPECTS) this.#left.clear();
    this.#left.set(sql, TRUST_AFTER);
  }

  has(statements: readonly Statement[]): boolean {
    return this.#left.size > 0 && statements.some(({ sql }) => this.#left.has(sql));
  }

  /** An item with these went well. */
  trust(statements: readonly Statement[]): void {
    for (const { sql } of statements) {
      const left = this.#left.get(sql);
      if (left === undefined) continue;
      if (left <= 1) this.#left.delete(sql);
      else this.#left.set(sql, left - 1);
    }
  }
}

/** What came of the statements. The transaction is open. */
export interface ParticipantsRun {
  readonly transactionId: string | null;
  /** By item: `written`, or why nothing of it is. */
  readonly outcomes: ReadonlyMap<number, ItemOutcome>;
}

/** Items that share a savepoint. */
interface Part {
  readonly indexes: readonly number[];
  /** An item of its own: what goes wrong is its outcome. */
  readonly isAlone: boolean;
}

/** Begins a transaction and runs the statements of those items. Throws `BatchStopped`. */
export async function runParticipants(
  session: WriterSession,
  batch: Batch,
  indexes: readonly number[],
  suspects: Suspects,
): Promise<ParticipantsRun> {
  const run = new Run(session, batch, suspects);
  // Sent together: outside a transaction a savepoint is refused, and its segment with it.
  const begun = session.expect([BEGIN, session.owner, FOR_PARTICIPANTS]);
  const own = indexes.filter((index) => batch.own.has(index));
  // Both to their end, so that nothing is sent any more once this is over.
  const [begin, all] = await Promise.allSettled([begun, run.all(own)]);
  if (begin.status === 'rejected') throw begin.reason;
  if (all.status === 'rejected') throw all.reason;
  return { transactionId: transactionIdOf(begin.value[1]), outcomes: run.outcomes };
}

/** The transaction's id, from the answer of the fence. */
export function transactionIdOf(answer: Answer | undefined): string | null {
  return answer?.rows[0]?.[1] ?? null;
}

class Run {
  readonly outcomes = new Map<number, ItemOutcome>();
  readonly #session: WriterSession;
  readonly #batch: Batch;
  readonly #suspects: Suspects;
  /** Savepoints are numbered, because one that is undone may have others after it. */
  #savepoints = 0;

  constructor(session: WriterSession, batch: Batch, suspects: Suspects) {
    this.#session = session;
    this.#batch = batch;
    this.#suspects = suspects;
  }

  async all(indexes: readonly number[]): Promise<void> {
    let rest = indexes;
    let window = Infinity;
    let undone: Promise<void> = Promise.resolve();
    while (rest.length > 0) {
      const parts = this.#partsOf(rest).slice(0, window);
      const first = this.#savepoints + 1;
      const sent = parts.map((part) => this.#send(part));
      const [replies] = await Promise.all([Promise.all(sent), undone]);
      const done = this.#read(parts, replies);
      const isUndone = done < parts.length;
      // The next flight follows it on the same connection, and need not wait for its answer.
      undone = isUndone ? this.#undo(first + done, replies[done]) : Promise.resolve();
      rest = rest.filter((index) => !this.outcomes.has(index));
      // What is sent behind a part that goes wrong is sent in vain.
      window = isUndone ? Math.max(LEAST_WINDOW, 2 * done) : Infinity;
    }
    await undone;
  }

  /** Suspects alone, all between them together. */
  #partsOf(indexes: readonly number[]): readonly Part[] {
    const parts: Part[] = [];
    let together: number[] = [];
    for (const index of indexes) {
      if (this.#suspects.has(this.#ownOf(index))) {
        parts.push({ indexes: [index], isAlone: true });
        together = [];
        continue;
      }
      if (together.length === 0) parts.push({ indexes: together, isAlone: false });
      together.push(index);
    }
    return parts;
  }

  #send(part: Part): Promise<Sent> {
    this.#savepoints += 1;
    const own = part.indexes.flatMap((index) => this.#ownOf(index));
    return this.#session.send([savepoint(this.#savepoints), ...own, CHECK_CONSTRAINTS]);
  }

  /** How many parts went well, up to the first that did not. */
  #read(parts: readonly Part[], replies: readonly Sent[]): number {
    for (const [position, part] of parts.entries()) {
      const sent = replies[position];
      if (sent === undefined || !this.#readPart(part, sent)) return position;
    }
    return parts.length;
  }

  #readPart(part: Part, sent: Sent): boolean {
    if (sent.kind !== 'answers') {
      this.#blame(part, this.#atFault(part, sent), faultOutcome(sent));
      return false;
    }
    const written = new Map<number, ItemOutcome>();
    let at = FIRST_OWN;
    for (const index of part.indexes) {
      const { length } = this.#ownOf(index);
      const outcome = readChanges(this.#batch.expected(index), sent.answers.slice(at, at + length));
      if (outcome.kind === 'unmet') {
        this.#blame(part, [index], outcome);
        return false;
      }
      written.set(index, outcome);
      at += length;
    }
    for (const [index, outcome] of written) {
      this.outcomes.set(index, outcome);
      if (part.isAlone) this.#suspects.trust(this.#ownOf(index));
    }
    return true;
  }

  /** The item whose statement it was; all, when a constraint spoke at the end of the part. */
  #atFault(part: Part, fault: SegmentFault): readonly number[] {
    let at = FIRST_OWN;
    for (const index of part.indexes) {
      const { length } = this.#ownOf(index);
      if (fault.index >= at && fault.index < at + length) return [index];
      at += length;
    }
    return part.indexes;
  }

  /** An item that shared its savepoint is tried once more, alone. */
  #blame(part: Part, culprits: readonly number[], outcome: ItemOutcome): void {
    for (const index of culprits) {
      for (const { sql } of this.#ownOf(index)) this.#suspects.note(sql);
      if (part.isAlone) this.outcomes.set(index, outcome);
    }
  }

  async #undo(number: number, sent: Sent | undefined): Promise<void> {
    const statements = undo(number);
    await this.#session.expect(
      sent?.kind === 'locked' ? [...statements, AFTER_A_WAIT] : statements,
    );
  }

  #ownOf(index: number): readonly Statement[] {
    return this.#batch.own.get(index) ?? [];
  }
}

/** What an item comes to whose own statement is at fault. */
export function faultOutcome(fault: SegmentFault): ItemOutcome {
  return fault.kind === 'locked'
    ? { kind: 'postponed' }
    : { kind: 'rejected', message: fault.reason };
}
