/**
 * The way through a batch in which something is at fault: parts of it under savepoints, halved until
 * the guilty item stands alone and all others are written.
 *
 * Works in an open transaction and never ends it. Rows of the engine's come before participants'
 * statements, so that a lone turn comes to what is first in `CommitOutcome`. Invariant: an item whose
 * outcome is not a committed one has written nothing.
 */
import type { ItemOutcome, TurnItem } from '../../batch-items.ts';
import type { Batch } from './batch.ts';
import { type BatchPlan, hasKey, keyTaken, planOf } from './batch-plan.ts';
import { faultOutcome } from './participant-run.ts';
import { readChanges } from './participants.ts';
import type { Answer, Statement } from '../connection/pipeline.ts';
import {
  AFTER_A_WAIT,
  BatchStopped,
  CHECK_CONSTRAINTS,
  FOR_PARTICIPANTS,
  type SegmentFault,
  type Sent,
  type WriterSession,
  savepoint,
  undo,
} from './session.ts';
import type { EngineStatements } from './statements.ts';
import { seqsStatement, staleBy, turnOf } from './stored-seqs.ts';

/** All savepoints are of one number: the innermost is meant, and nothing is sent behind it. */
const SAVEPOINT = 0;
/** Where in a segment the engine's rows begin: after the savepoint. */
const FIRST_ROW = 1;

/** A segment that was refused, or never sent. */
type Refused =
  (SegmentFault & { readonly isOwn: boolean }) | Extract<ItemOutcome, { kind: 'unmet' }>;

export class GuardedParts {
  readonly outcomes = new Map<number, ItemOutcome>();
  readonly #session: WriterSession;
  readonly #batch: Batch;
  readonly #sql: EngineStatements;
  #seq: number;
  /** A participant's statement met a lock that somebody else holds. */
  #hasWaited = false;

  /** `seq`: the one given last. */
  constructor(session: WriterSession, batch: Batch, sql: EngineStatements, seq: number) {
    this.#session = session;
    this.#batch = batch;
    this.#sql = sql;
    this.#seq = seq;
  }

  /** The seq given last. */
  get seq(): number {
    return this.#seq;
  }

  /** Decides these items. Throws `BatchStopped`. */
  async apply(indexes: readonly number[]): Promise<void> {
    const [index] = indexes;
    if (index === undefined) return;
    if (indexes.length === 1 && (await this.#isKeyTaken(index))) return;
    const unsendable = this.#batch.unsendable.get(index);
    if (indexes.length === 1 && unsendable !== undefined) {
      this.outcomes.set(index, (await this.#unfitOutcome(index)) ?? unsendable);
      return;
    }
    const refused = await this.#tryPart(indexes);
    if (refused === null) return;
    if (indexes.length === 1) {
      this.outcomes.set(index, await this.#outcomeOf(index, refused));
      return;
    }
    const half = indexes.length >> 1;
    await this.apply(indexes.slice(0, half));
    await this.apply(indexes.slice(half));
  }

  /** Writes them together; or nothing, and why. */
  async #tryPart(indexes: readonly number[]): Promise<Refused | null> {
    if (indexes.length > 1 && indexes.some((index) => this.#isAlone(index))) {
      return UNSENT;
    }
    const own = indexes.flatMap((index) => this.#ownOf(index));
    const plan = planOf(this.#batch.items, indexes, this.#seq, this.#sql);
    if (plan === null) return UNSENT;
    const before = [savepoint(SAVEPOINT), ...plan.statements];
    const settings = this.#hasWaited ? [FOR_PARTICIPANTS, AFTER_A_WAIT] : [FOR_PARTICIPANTS];
    const after = [...settings, ...own, CHECK_CONSTRAINTS, this.#session.forEngine];
    const sent = await this.#session.send(own.length === 0 ? before : [...before, ...after]);
    const refused =
      sent.kind === 'answers'
        ? this.#unmet(indexes, sent.answers.slice(before.length + settings.length))
        : { ...sent, isOwn: sent.index >= before.length };
    if (refused !== null) {
      if (!isUnsent(refused)) await this.#session.expect(undo(SAVEPOINT));
      return refused;
    }
    this.#note(indexes, plan, sent);
    return null;
  }

  /** `answers`: beginning with those to participants' statements. */
  #unmet(indexes: readonly number[], answers: readonly Answer[]): Refused | null {
    let at = 0;
    for (const index of indexes) {
      const { length } = this.#ownOf(index);
      const outcome = readChanges(this.#batch.expected(index), answers.slice(at, at + length));
      if (outcome.kind === 'unmet') return outcome;
      at += length;
      if (this.#batch.items[index]?.kind === 'write') this.outcomes.set(index, outcome);
    }
    return null;
  }

  #note(indexes: readonly number[], plan: BatchPlan, sent: Sent): void {
    const answers = sent.kind === 'answers' ? sent.answers : [];
    const { outcomes, seq } = plan.read(answers.slice(FIRST_ROW));
    this.#seq = seq;
    let position = 0;
    for (const index of indexes) {
      if (this.#batch.items[index]?.kind === 'write') continue;
      const outcome = outcomes[position];
      if (outcome !== undefined) this.outcomes.set(index, outcome);
      position += 1;
    }
  }

  async #isKeyTaken(index: number): Promise<boolean> {
    const item = this.#batch.items[index];
    if (item === undefined || !hasKey(item) || item.kind !== 'start') return false;
    const key = item.extras?.key;
    const parameters = [key?.type ?? '', key?.key ?? ''];
    // A key that cannot be sent is no key of another saga; the start itself is refused then.
    const sent = await this.#guardedRead({ sql: this.#sql.storedKey, parameters });
    const [row] = sent;
    if (row === undefined) return false;
    this.outcomes.set(index, keyTaken(row[0], row[1]));
    return true;
  }

  /** A lone item's outcome; nothing of it is written. */
  async #outcomeOf(index: number, refused: Refused): Promise<ItemOutcome> {
    if (refused.kind === 'unmet') return refused;
    if (refused.isOwn) {
      if (refused.kind === 'locked') this.#hasWaited = true;
      return faultOutcome(refused);
    }
    if (refused.kind === 'locked') {
      throw new BatchStopped({ kind: 'stalled', reason: refused.reason });
    }
    return (await this.#unfitOutcome(index)) ?? faultOutcome(refused);
  }

  /** Why a turn does not fit what is stored; `null`: it does, and is refused for something else. */
  async #unfitOutcome(index: number): Promise<ItemOutcome | null> {
    const turn = turnOf(this.#batch.items[index]);
    if (turn === null) return null;
    if (await this.#isWithdrawn(turn)) return { kind: 'withdrawn' };
    const rows = await this.#guardedRead(seqsStatement([turn], this.#sql));
    return staleBy({ rows, count: rows.length, command: '' })(turn);
  }

  /** Decided only when it is tried without others. */
  #isAlone(index: number): boolean {
    return this.#batch.isEntangledAt(index) || this.#batch.unsendable.has(index);
  }

  async #isWithdrawn({ extras }: TurnItem): Promise<boolean> {
    if (extras === null || extras.inbox === null) return false;
    const parameters = [String(extras.inbox.id)];
    const rows = await this.#guardedRead({ sql: this.#sql.waitingRow, parameters });
    return rows.length === 0;
  }

  /** Rows of a query that may be refused for its parameters; none then. */
  async #guardedRead(query: Statement): Promise<Answer['rows']> {
    const sent = await this.#session.send([savepoint(SAVEPOINT), query]);
    if (sent.kind === 'answers') return sent.answers[1]?.rows ?? [];
    if (!isUnsent(sent)) await this.#session.expect(undo(SAVEPOINT));
    return [];
  }

  #ownOf(index: number): readonly Statement[] {
    return this.#batch.own.get(index) ?? [];
  }
}

const UNSENT: Refused = {
  kind: 'statement',
  reason: 'a turn has too many messages',
  code: '',
  index: 0,
  isOwn: false,
};

function isUnsent(refused: SegmentFault | Refused): boolean {
  return refused.kind === 'statement' && refused.code === '';
}
