/**
 * One batch, usually one transaction: behind the fence, all its rows, its commit.
 *
 * Invariant: what `run` reports as done is committed, and the global seq counts without gaps over
 * committed turns. The seq is counted here and not in the database, which is sound as long as every
 * transaction begins with the fence; a row that took the same one would be refused.
 */
import { toFailure } from '../../../core/failure.ts';
import type { ItemOutcome } from '../../batch-items.ts';
import type { Batch } from './batch.ts';
import { type BatchPlan, planOf } from './batch-plan.ts';
import type { Fault } from '../connection/fault.ts';
import { GuardedParts } from './guarded-parts.ts';
import {
  MAX_SAVEPOINTS,
  type ParticipantsRun,
  runParticipants,
  Suspects,
  transactionIdOf,
} from './participant-run.ts';
import type { Answer } from '../connection/pipeline.ts';
import { BatchStopped, BEGIN, COMMIT, type SegmentFault, type WriterSession } from './session.ts';
import type { EngineStatements } from './statements.ts';
import { seqsStatement, staleBy, turnOf } from './stored-seqs.ts';
import type { ResolvedCommit } from './unknown-commit.ts';

export type BatchResult =
  { readonly kind: 'done' } | Extract<Fault, { kind: 'stalled' | 'lost' | 'failed' }>;

export class BatchWriter {
  readonly #sql: EngineStatements;
  readonly #suspects = new Suspects();
  #seq: number;
  #transactionId: string | null = null;

  /** `seq`: the highest in use. */
  constructor(sql: EngineStatements, seq: number) {
    this.#sql = sql;
    this.#seq = seq;
  }

  /** Highest seq that was committed. */
  get seq(): number {
    return this.#seq;
  }

  /** The server's id of the transaction that was committed last. */
  get transactionId(): string | null {
    return this.#transactionId;
  }

  /** Counts on after a commit that was heard of later. */
  goOn({ seq, transactionId }: ResolvedCommit): void {
    this.#seq = seq;
    if (transactionId !== null) this.#transactionId = transactionId;
  }

  /** Decides all items that are open. Never throws. */
  async run(session: WriterSession, batch: Batch): Promise<BatchResult> {
    try {
      for (;;) {
        const open = batch.open();
        if (open.length === 0) return { kind: 'done' };
        await this.#slice(session, batch, open);
      }
    } catch (thrown) {
      if (!(thrown instanceof BatchStopped)) {
        return { kind: 'failed', reason: toFailure(thrown).message };
      }
      if (thrown.fault.kind !== 'stalled') return thrown.fault;
      batch.inHand = null; // the server answered, so nothing of it was committed
      return await leave(session, thrown.fault);
    }
  }

  async #slice(session: WriterSession, batch: Batch, open: readonly number[]): Promise<void> {
    const slice = batch.isCautious ? open.slice(0, MAX_SAVEPOINTS) : this.#sliceOf(batch, open);
    if (!batch.isCautious && !batch.isEntangled) {
      const isPlain = slice.every((index) => !batch.own.has(index) && !batch.unsendable.has(index));
      const isDone = isPlain
        ? await this.#plain(session, batch, slice)
        : await this.#withParticipants(session, batch, slice);
      if (isDone) return;
    }
    for (let at = 0; at < slice.length; at += MAX_SAVEPOINTS) {
      await this.#guarded(session, batch, slice.slice(at, at + MAX_SAVEPOINTS));
    }
  }

  /** As many as have no more suspects than savepoints may be. */
  #sliceOf(batch: Batch, open: readonly number[]): readonly number[] {
    if (batch.own.size === 0) return open; // nearly always
    let suspects = 0;
    for (const [position, index] of open.entries()) {
      if (this.#suspects.has(batch.own.get(index) ?? [])) suspects += 1;
      if (suspects > MAX_SAVEPOINTS) return open.slice(0, position);
    }
    return open;
  }

  /** One round trip. False: an item of it is at fault, nothing was written. */
  async #plain(session: WriterSession, batch: Batch, indexes: readonly number[]): Promise<boolean> {
    const plan = planOf(batch.items, indexes, this.#seq, this.#sql);
    if (plan === null) return false;
    const known = new Map<number, ItemOutcome>();
    batch.inHand = { indexes, seq: this.#seq, transactionId: null, known };
    const sent = await session.send([session.owner, ...plan.statements]);
    if (sent.kind !== 'answers') return this.#refused(batch, sent);
    const [owner, ...answers] = sent.answers;
    this.#settle(batch, indexes, plan, answers, transactionIdOf(owner));
    return true;
  }

  /** Two round trips, or some more. False: as in `#plain`. */
  async #withParticipants(
    session: WriterSession,
    batch: Batch,
    indexes: readonly number[],
  ): Promise<boolean> {
    const ran = await runParticipants(session, batch, indexes, this.#suspects);
    const { known, unwritten, planned } = splitOf(batch, indexes, ran);
    const plan = planOf(batch.items, planned, this.#seq, this.#sql);
    if (plan === null) {
      await session.rollback();
      return false;
    }
    const doubted = doubtedOf(batch, unwritten, this.#sql);
    // What is not written needs no looking up should the answer be lost: it is tried once more.
    const inHand = indexes.filter((index) => !unwritten.has(index));
    batch.inHand = { indexes: inHand, seq: this.#seq, transactionId: ran.transactionId, known };
    const sent = await session.send([
      session.forEngine,
      ...doubted.asked,
      ...plan.statements,
      COMMIT,
    ]);
    if (sent.kind !== 'answers') {
      await session.rollback();
      return this.#refused(batch, sent);
    }
    assertCommitted(sent.answers.at(-1));
    const answers = sent.answers.slice(1);
    const rest = new Map([...known, ...doubted.read(answers)]);
    const planAnswers = answers.slice(doubted.asked.length);
    this.#settle(batch, planned, plan, planAnswers, ran.transactionId, rest);
    return true;
  }

  /** A fault of an item leaves the batch to be tried in parts; a lock is not one. */
  #refused(batch: Batch, fault: SegmentFault): false {
    batch.inHand = null;
    if (fault.kind === 'locked') throw new BatchStopped({ kind: 'stalled', reason: fault.reason });
    return false;
  }

  #settle(
    batch: Batch,
    indexes: readonly number[],
    plan: BatchPlan,
    answers: readonly Answer[],
    transactionId: string | null,
    known: ReadonlyMap<number, ItemOutcome> = new Map(),
  ): void {
    const { outcomes, seq } = plan.read(answers);
    this.#seq = seq;
    this.#transactionId = transactionId;
    const decided = indexes.map((index, position): [number, ItemOutcome] => {
      return [index, outcomes[position] ?? { kind: 'rejected', message: 'no outcome' }];
    });
    batch.decide([...known, ...decided]);
  }

  /** Parts under savepoints, halved until what is at fault stands alone. */
  async #guarded(session: WriterSession, batch: Batch, indexes: readonly number[]): Promise<void> {
    const [, owner] = await session.expect([BEGIN, session.owner]);
    const parts = new GuardedParts(session, batch, this.#sql, this.#seq);
    if (batch.isCautious) for (const index of indexes) await parts.apply([index]);
    else await parts.apply(indexes);
    const transactionId = transactionIdOf(owner);
    batch.inHand = { indexes, seq: this.#seq, transactionId, known: parts.outcomes };
    const [answer] = await session.expect([COMMIT]);
    assertCommitted(answer);
    this.#seq = parts.seq;
    this.#transactionId = transactionId;
    batch.decide(parts.outcomes);
  }
}

/** Rolls back what may be open, so that the connection is of use for the next try. */
async function leave(
  session: WriterSession,
  fault: Extract<Fault, { kind: 'stalled' }>,
): Promise<BatchResult> {
  try {
    await session.rollback();
    return fault;
  } catch (thrown) {
    return thrown instanceof BatchStopped ? thrown.fault : { ...fault, kind: 'lost' };
  }
}

/**
 * What is decided by participants' statements alone; turns that are not written for their sake; and
 * items whose rows are still to be written.
 */
function splitOf(batch: Batch, indexes: readonly number[], ran: ParticipantsRun) {
  const known = new Map<number, ItemOutcome>();
  const unwritten = new Map<number, ItemOutcome>();
  const planned: number[] = [];
  for (const index of indexes) {
    const outcome = ran.outcomes.get(index) ?? batch.unsendable.get(index);
    const isWrite = batch.items[index]?.kind === 'write';
    if (outcome === undefined || (!isWrite && isOf('written', outcome))) planned.push(index);
    else if (isWrite || isOf('postponed', outcome)) known.set(index, outcome);
    else unwritten.set(index, outcome);
  }
  return { known, unwritten, planned };
}

/** Which of the turns that are not written are stale, whatever came of their statements. */
function doubtedOf(
  batch: Batch,
  unwritten: ReadonlyMap<number, ItemOutcome>,
  sql: EngineStatements,
) {
  const turns = [...unwritten.keys()].flatMap((index) => turnOf(batch.items[index]) ?? []);
  return {
    asked: turns.length === 0 ? [] : [seqsStatement(turns, sql)],
    /** `answers`: beginning with that to what was asked. */
    read(answers: readonly Answer[]): ReadonlyMap<number, ItemOutcome> {
      if (turns.length === 0) return unwritten;
      const staleOf = staleBy(answers[0]);
      const outcomes = new Map<number, ItemOutcome>();
      for (const [index, outcome] of unwritten) {
        const turn = turnOf(batch.items[index]);
        outcomes.set(index, (turn === null ? null : staleOf(turn)) ?? outcome);
      }
      return outcomes;
    },
  };
}

function isOf(kind: 'written' | 'postponed', outcome: ItemOutcome): boolean {
  return typeof outcome !== 'number' && outcome.kind === kind;
}

/** A failed transaction answers COMMIT with a rollback, and without an error. */
function assertCommitted(answer: Answer | undefined): void {
  if (answer?.command === 'COMMIT') return;
  throw new BatchStopped({ kind: 'stalled', reason: 'the server rolled the transaction back' });
}
