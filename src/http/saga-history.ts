/**
 * The journals of the sagas that are looked at, replayed through the core: the state after every
 * turn, for time travel, differences and the story of attempts.
 *
 * Bounded, and it must never hold up the engine, which shares this thread: a journal is replayed in
 * short slices, once, and then only what was added since.
 */
import { setImmediate as nextTick } from 'node:timers/promises';
import type { SagaDefinition } from '../core/definition.ts';
import { BackstepError } from '../core/errors.ts';
import type { JournalRecord } from '../core/inbound.ts';
import { type ReplayedTurn, type ReplayFlaw, recordOfLine, replayRecord } from '../core/replay.ts';
import { toCursor } from '../store/cursor.ts';
import type { ReadModels } from '../store/read-models.ts';

/** Most records of a saga that are replayed here; the command line replays any journal. */
const MAX_RECORDS = 2_000;
const RECORDS_PER_READ = 200;
/** Records replayed between two looks at everything else; about a millisecond. */
const RECORDS_PER_SLICE = 16;
/** Sagas whose replayed journals are kept. */
const MAX_HISTORIES = 8;

/** What a saga's journal tells. */
export interface SagaHistory {
  /** Every record, in order. */
  readonly records: readonly JournalRecord[];
  /**
   * The saga after each record that could be replayed, in order and without a gap. A saga that was
   * taken to another version begins there when the version before is not replayed by this one.
   */
  readonly turns: readonly ReplayedTurn[];
  /** Why no further record could be; `null`: every one was. */
  readonly flaw: ReplayFlaw | null;
}

interface Growing {
  readonly definition: SagaDefinition | undefined;
  history: SagaHistory;
  /** The last line that was looked at, readable or not. */
  readSeq: number;
  /** Readers wait for each other: each goes on where the last one ended. */
  work: Promise<unknown>;
}

/** The saga after a turn; `undefined` where that could not be replayed. */
export function turnAt({ turns }: SagaHistory, seq: number): ReplayedTurn | undefined {
  const first = turns[0]?.record.sagaSeq ?? 1;
  return turns[seq - first];
}

/** The record of a turn. */
export function recordAt({ records }: SagaHistory, seq: number): JournalRecord | undefined {
  const record = records[seq - 1];
  // An unreadable line leaves a gap.
  return record?.sagaSeq === seq ? record : records.find(({ sagaSeq }) => sagaSeq === seq);
}

export class SagaHistories {
  readonly #read: Pick<ReadModels, 'transitions'>;
  /** The one used last at the end. */
  readonly #kept = new Map<string, Growing>();

  constructor(read: Pick<ReadModels, 'transitions'>) {
    this.#read = read;
  }

  /** The history of a saga up to its last committed turn. `definition`: the one it runs under. */
  of(sagaId: string, definition: SagaDefinition | undefined): Promise<SagaHistory> {
    const known = this.#kept.get(sagaId);
    const growing =
      known?.definition === definition && known !== undefined
        ? known
        : { definition, history: NOTHING_YET, readSeq: 0, work: Promise.resolve() };
    this.#kept.delete(sagaId);
    this.#kept.set(sagaId, growing);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MAX_HISTORIES) break;
      this.#kept.delete(oldest);
    }
    const work = growing.work.then(() => this.#grow(sagaId, growing));
    growing.work = work.catch(() => {}); // the caller hears of it; the next one tries again
    return work;
  }

  async #grow(sagaId: string, growing: Growing): Promise<SagaHistory> {
    for (;;) {
      if (growing.readSeq >= MAX_RECORDS) return tooLong(growing.history);
      const cursor = growing.readSeq === 0 ? null : toCursor('journal', growing.readSeq);
      const page = await this.#read.transitions(sagaId, { limit: RECORDS_PER_READ, cursor });
      for (const [index, line] of page.items.entries()) {
        growing.history = grown(growing, sagaId, line);
        growing.readSeq = line.sagaSeq;
        if (index % RECORDS_PER_SLICE === RECORDS_PER_SLICE - 1) await nextTick();
      }
      if (page.nextCursor === null) return growing.history;
    }
  }
}

const NOTHING_YET: SagaHistory = { records: [], turns: [], flaw: null };

function tooLong(history: SagaHistory): SagaHistory {
  const why = `the journal is longer than the ${MAX_RECORDS} turns that are replayed here`;
  return { ...history, flaw: history.flaw ?? { sagaSeq: MAX_RECORDS + 1, why } };
}

function grown(
  { definition, history }: Growing,
  sagaId: string,
  line: Parameters<typeof recordOfLine>[0],
): SagaHistory {
  const { records, turns, flaw } = history;
  const record = readableRecord(line);
  if (record instanceof BackstepError) {
    return { ...history, flaw: flaw ?? { sagaSeq: line.sagaSeq, why: record.message } };
  }
  const more = [...records, record];
  if (definition === undefined) {
    const why = 'the definition of its version is not registered here';
    return { records: more, turns, flaw: flaw ?? { sagaSeq: record.sagaSeq, why } };
  }
  if (flaw !== null && record.inbound.kind !== 'migrate') return { records: more, turns, flaw };
  const next = replayRecord(definition, sagaId, turns.at(-1)?.state ?? null, record);
  if (next.kind === 'differs') return { records: more, turns, flaw: flaw ?? next.flaw };
  const { kind: _, ...turn } = next;
  // After a flaw only what the new version did is without a gap.
  return { records: more, turns: flaw === null ? [...turns, turn] : [turn], flaw: null };
}

function readableRecord(line: Parameters<typeof recordOfLine>[0]): JournalRecord | BackstepError {
  try {
    return recordOfLine(line);
  } catch (error) {
    if (error instanceof BackstepError) return error;
    throw error;
  }
}
