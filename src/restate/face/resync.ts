/**
 * Writes again what a projection lacks, of what Restate keeps: into an empty database, one that was
 * restored from a backup, or one that lost rows.
 *
 * Invariant: only turns that the database lacks are written, in order, so that it may be begun again
 * at any time. Sagas that it lacks altogether get their internal ids in the order in which they
 * began: lists stand as before. What no saga's turn wrote does not come back: bulk commands, the
 * positions of the feed, and sagas that were removed.
 */
import { isPassing } from '../../core/errors.ts';
import type { ResyncProgress } from '../../host/host-calls.ts';
import type { Logger } from '../../host/turn-log.ts';
import type { TurnRecord } from '../../store/commit.ts';
import type { Store } from '../../store/store.ts';
import { SERVICES } from '../names.ts';
import { SAGA } from '../kept-saga.ts';
import { withLastText } from '../saga-state.ts';
import { type Admin, quoted } from './admin.ts';
import type { Ingress } from './ingress.ts';
import { BORN, TURN } from './journal-object.ts';
import type { Projector } from './projector.ts';

export interface ResyncParts {
  readonly store: Store;
  readonly admin: Admin;
  readonly ingress: Ingress;
  readonly projector: Projector;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
}

const NEVER: ResyncProgress = {
  state: 'never',
  sagas: 0,
  missing: 0,
  behind: 0,
  written: 0,
  lost: 0,
  lostExamples: [],
  error: null,
};
const AT_ONCE = 8;
/** Ids in one question to the database. */
const CHUNK = 500;
const MAX_EXAMPLES = 5;
/** A server with a million sagas takes a while to list them. */
const LIST_PATIENCE_MS = 300_000;

/** A saga as Restate has it. */
interface Kept {
  readonly id: string;
  /** Its last turn that is kept; 0: none is. */
  readonly lastSeq: number;
  readonly bornMs: number;
}

export class Resync {
  readonly #parts: ResyncParts;
  #progress: ResyncProgress = NEVER;
  #counted: Promise<ResyncProgress> | null = null;
  readonly #underWay = new Map<string, Promise<boolean>>();
  /** Sagas whose loss was told. */
  readonly #told = new Set<string>();
  #isStopped = false;

  constructor(parts: ResyncParts) {
    this.#parts = parts;
  }

  get progress(): ResyncProgress {
    return this.#progress;
  }

  /** See `HostCalls.resync`. */
  begin(isTrial: boolean): Promise<ResyncProgress> {
    if (this.#progress.state === 'running') return Promise.resolve(this.#progress);
    return (this.#counted ??= this.#begin(isTrial).finally(() => (this.#counted = null)));
  }

  /**
   * Writes the turns of one saga that the database lacks: one was refused for those before it, or
   * somebody killed a call. Resolves once it is done, or cannot be done now. Never rejects.
   */
  async heal(sagaId: string): Promise<void> {
    if (this.#isStopped) return;
    await this.#bring(sagaId).then(
      (isWhole) => {
        if (isWhole || this.#told.has(sagaId) || this.#told.size >= CHUNK) return;
        this.#told.add(sagaId);
        this.#parts.logger.warn({ saga: sagaId }, 'turns of a saga are gone: they are not kept');
      },
      () => {}, // Restate brings the turn again, or a person asks again
    );
  }

  /** Says so where Restate has sagas and the database has none. */
  async tellIfEmpty(): Promise<void> {
    const { admin, logger } = this.#parts;
    const some = `SELECT service_key FROM state WHERE service_name = ${quoted(SERVICES.saga)} LIMIT 1`;
    const rows = await admin.query(some).catch(() => []);
    if (rows.length > 0) logger.warn({}, 'Restate has sagas, the database none: backstep resync');
  }

  stop(): void {
    this.#isStopped = true;
  }

  async #begin(isTrial: boolean): Promise<ResyncProgress> {
    const { projector, logger } = this.#parts;
    const kept = await this.#kept();
    const stored = await this.#storedSeqs(kept.map(({ id }) => id));
    const missing = kept.filter(({ id, lastSeq }) => !stored.has(id) && lastSeq > 0);
    const behind = kept.filter(({ id, lastSeq }) => lastSeq > (stored.get(id) ?? Infinity));
    const lost = kept.filter(({ id, lastSeq }) => !stored.has(id) && lastSeq === 0);
    const counted: ResyncProgress = {
      ...NEVER,
      state: isTrial ? 'ended' : 'running',
      sagas: kept.length,
      missing: missing.length,
      behind: behind.length,
      lost: lost.length,
      lostExamples: lost.slice(0, MAX_EXAMPLES).map(({ id }) => id),
    };
    if (isTrial) return counted;
    this.#progress = counted;
    projector.reserve(missing.map(({ id }) => id));
    void this.#run([...missing, ...behind].map(({ id }) => id)).then(
      () => {
        this.#progress = { ...this.#progress, state: 'ended' };
        logger.info(this.#progress, 'the projection is written again');
      },
      (error: unknown) => {
        const told = error instanceof Error ? error.message : String(error);
        this.#progress = { ...this.#progress, state: 'failed', error: told };
        logger.warn({ err: error }, 'the projection could not be written again');
      },
    );
    return counted;
  }

  async #run(ids: string[]): Promise<void> {
    const left = ids.values();
    const some = async (): Promise<void> => {
      for (const id of left) {
        if (this.#isStopped) return;
        const isWhole = await this.#bring(id);
        const { written, lost, lostExamples } = this.#progress;
        this.#progress = isWhole
          ? { ...this.#progress, written: written + 1 }
          : {
              ...this.#progress,
              lost: lost + 1,
              lostExamples: [...lostExamples, id].slice(0, MAX_EXAMPLES),
            };
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, some));
  }

  /** Whether the database has every turn of it now that Restate keeps. One at a time for a saga. */
  #bring(sagaId: string): Promise<boolean> {
    const known = this.#underWay.get(sagaId);
    if (known !== undefined) return known;
    const brought = this.#write(sagaId).finally(() => this.#underWay.delete(sagaId));
    this.#underWay.set(sagaId, brought);
    return brought;
  }

  async #write(sagaId: string): Promise<boolean> {
    const { ingress, projector } = this.#parts;
    const storedSeq = (await this.#storedSeqs([sagaId])).get(sagaId) ?? 0;
    const written = await ingress.keptTurns(sagaId, storedSeq);
    // After those: whatever its journal has by then, the saga has as well, or has taken on since.
    const { saga, turns: last } = await ingress.call(sagaId, 'turns', { afterSeq: storedSeq });
    if (saga === null) return true; // it was removed meanwhile
    await this.#mend(sagaId, written, last);
    const turns = inLine([...written, ...last], storedSeq);
    if (turns.length === 0) return storedSeq >= saga.seq;
    const { type, state } = saga;
    try {
      await projector.append(sagaId, { type, turns: withLastText(turns, state) });
      return storedSeq + turns.length >= saga.seq;
    } catch (error) {
      if (isPassing(error)) throw error;
      return false;
    }
  }

  // Its journal would lack them for ever: the saga has only its last turns. First, so that what fails
  // is tried again with the write.
  async #mend(sagaId: string, written: readonly TurnRecord[], last: readonly TurnRecord[]) {
    const known = new Set(written.map(({ saga }) => saga.seq));
    const seqs = last.map(({ saga }) => saga.seq).filter((seq) => !known.has(seq));
    if (seqs.length > 0) await this.#parts.ingress.call(sagaId, 'retell', { seqs });
  }

  /** Every saga that Restate has, in the order in which they began. */
  async #kept(): Promise<readonly Kept[]> {
    const { admin } = this.#parts;
    const sagas = await admin.query(
      `SELECT service_key AS id FROM state
        WHERE service_name = ${quoted(SERVICES.saga)} AND key = ${quoted(SAGA)}`,
      LIST_PATIENCE_MS,
    );
    const journals = await admin.query(
      `SELECT service_key AS id,
          MAX(CASE WHEN key LIKE ${quoted(`${TURN}%`)}
            THEN CAST(substr(key, ${TURN.length + 1}) AS BIGINT) END) AS last,
          MAX(CASE WHEN key = ${quoted(BORN)} THEN CAST(value_utf8 AS DOUBLE) END) AS born
        FROM state WHERE service_name = ${quoted(SERVICES.journal)} GROUP BY service_key`,
      LIST_PATIENCE_MS,
    );
    const facts = new Map(journals.map(({ id, last, born }) => [id, { last, born }]));
    return sagas
      .map(({ id }) => {
        const { last, born } = facts.get(id) ?? {};
        return { id: String(id), lastSeq: Number(last ?? 0), bornMs: Number(born ?? 0) };
      })
      .toSorted((one, other) => one.bornMs - other.bornMs || (one.id < other.id ? -1 : 1));
  }

  async #storedSeqs(ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const seqs = new Map<string, number>();
    for (let at = 0; at < ids.length; at += CHUNK) {
      const rows = await this.#parts.store
        .tables()
        .selectFrom('sagas')
        .select(['id', 'seq'])
        .where('id', 'in', ids.slice(at, at + CHUNK))
        .execute();
      for (const { id, seq } of rows) seqs.set(id, seq);
    }
    return seqs;
  }
}

/** Those that follow on that turn, one after the other, as far as there is none missing. */
function inLine(turns: readonly TurnRecord[], afterSeq: number): readonly TurnRecord[] {
  const bySeq = new Map(turns.map((turn) => [turn.saga.seq, turn]));
  const found: TurnRecord[] = [];
  for (let turn = bySeq.get(afterSeq + 1); turn !== undefined;) {
    found.push(turn);
    turn = bySeq.get(turn.saga.seq + 1);
  }
  return found;
}
