/**
 * The journals of the sagas that are looked at, replayed through the core: the state after every
 * turn, for time travel, differences and the story of attempts.
 *
 * Bounded, and it must never hold up the engine, which shares this thread: a journal is replayed in
 * short slices, once, and then only what was added since.
 */
import { setImmediate as nextTick } from 'node:timers/promises';
import type { SagaDefinition } from '../../core/define/definition.ts';
import { BackstepError } from '../../core/errors.ts';
import type { JournalRecord } from '../../core/turn/inbound.ts';
import {
  type RecordVersion,
  type VersionLookup,
  versionsAlong,
} from '../../core/history/journal-versions.ts';
import {
  type ReplayedTurn,
  type ReplayFlaw,
  recordOfLine,
  replayRecord,
} from '../../core/history/replay.ts';
import type { Redact } from '../../core/secrets/redact.ts';
import { toCursor } from '../../store/queries/cursor.ts';
import type { ReadModels } from '../../store/read-models.ts';
import { shownFrame, shownRecord, shownTurn } from '../../core/history/shown-state.ts';

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
   * The saga after each record that could be replayed, in order and without a gap, each under the
   * version that wrote it. Where such a version is not registered they begin at the migration after.
   */
  readonly turns: readonly ReplayedTurn[];
  /** Why no further record could be; `null`: every one was. */
  readonly flaw: ReplayFlaw | null;
  /** Why the states before the first of the turns are not there; `null`: they are. */
  readonly gap: ReplayFlaw | null;
}

interface Growing {
  readonly definition: SagaDefinition | undefined;
  readonly older: VersionLookup;
  history: SagaHistory;
  /** The same, to be given away. */
  shown: SagaHistory;
  /** Records that were read and not replayed yet; an unreadable one says why. */
  fresh: (JournalRecord | ReplayFlaw)[];
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
  readonly #journal: Pick<ReadModels, 'transitions'>;
  readonly #redact: Redact;
  /** The one used last at the end. */
  readonly #kept = new Map<string, Growing>();

  /** `journal`: as it is stored; what is given away has its secrets hidden by `redact`. */
  constructor(journal: Pick<ReadModels, 'transitions'>, redact: Redact) {
    this.#journal = journal;
    this.#redact = redact;
  }

  /**
   * The history of a saga up to its last committed turn.
   *
   * @param definition the one it runs under
   * @param older the versions it ran under before, where it was migrated
   */
  of(
    sagaId: string,
    definition: SagaDefinition | undefined,
    older: VersionLookup = () => undefined,
  ): Promise<SagaHistory> {
    const known = this.#kept.get(sagaId);
    const growing =
      known?.definition === definition && known !== undefined
        ? known
        : {
            definition,
            older,
            history: NOTHING_YET,
            shown: NOTHING_YET,
            fresh: [],
            readSeq: 0,
            work: Promise.resolve(),
          };
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
    const isWhole = await this.#read(sagaId, growing);
    // Only now: which version wrote a record is told by a migration further on.
    const { definition, older, fresh, history } = growing;
    const migrations = [...history.records, ...fresh.filter(isRecord)];
    const versionAt = versionsAlong(migrations, definition, older);
    for (let count = 1; ; count++) {
      const next = fresh.shift();
      if (next === undefined) break;
      growing.history = grown(growing.history, sagaId, next, versionAt);
      if (count % RECORDS_PER_SLICE === 0) await nextTick();
    }
    const shown = this.#shownOf(growing);
    return isWhole ? shown : tooLong(shown);
  }

  /** Each record and turn is looked through once; what was shown before is shown again. */
  #shownOf(growing: Growing): SagaHistory {
    const { records, turns, flaw, gap } = growing.history;
    const redact = this.#redact;
    const { shown } = growing;
    const isSame = turns[0]?.record.sagaSeq === shown.turns[0]?.record.sagaSeq;
    const known = isSame ? shown.turns : [];
    growing.shown = {
      records: [
        ...shown.records,
        ...records.slice(shown.records.length).map((record) => shownRecord(record, redact)),
      ],
      turns: [...known, ...turns.slice(known.length).map((turn) => shownTurn(turn, redact))],
      flaw: shownFrame(flaw),
      gap: shownFrame(gap),
    };
    return growing.shown;
  }

  /** False: there is more than is read here. */
  async #read(sagaId: string, growing: Growing): Promise<boolean> {
    for (;;) {
      if (growing.readSeq >= MAX_RECORDS) return false;
      const cursor = growing.readSeq === 0 ? null : toCursor('journal', growing.readSeq);
      const page = await this.#journal.transitions(sagaId, { limit: RECORDS_PER_READ, cursor });
      for (const line of page.items) {
        growing.fresh.push(readable(line));
        growing.readSeq = line.sagaSeq;
      }
      await nextTick();
      if (page.nextCursor === null) return true;
    }
  }
}

const NOTHING_YET: SagaHistory = { records: [], turns: [], flaw: null, gap: null };

function tooLong(history: SagaHistory): SagaHistory {
  const why = `the journal is longer than the ${MAX_RECORDS} turns that are replayed here`;
  return { ...history, flaw: history.flaw ?? { sagaSeq: MAX_RECORDS + 1, why } };
}

function grown(
  history: SagaHistory,
  sagaId: string,
  record: JournalRecord | ReplayFlaw,
  versionAt: (sagaSeq: number) => RecordVersion,
): SagaHistory {
  const { records, turns, flaw, gap } = history;
  if (!isRecord(record)) return { ...history, flaw: flaw ?? record };
  const more = [...records, record];
  const isMigration = record.inbound.kind === 'migrate';
  if (flaw !== null && !isMigration) return { ...history, records: more };
  const { definition, version } = versionAt(record.sagaSeq);
  if (definition === undefined) {
    const unknown = { sagaSeq: record.sagaSeq, why: notRegistered(version) };
    return { ...history, records: more, flaw: flaw ?? unknown };
  }
  const next = replayRecord(definition, sagaId, turns.at(-1)?.state ?? null, record);
  if (next.kind === 'differs') return { ...history, records: more, flaw: flaw ?? next.flaw };
  const { kind: _, ...turn } = next;
  // After a flaw only what the new version did is without a gap.
  return flaw === null
    ? { records: more, turns: [...turns, turn], flaw, gap }
    : { records: more, turns: [turn], flaw: null, gap: flaw };
}

function notRegistered(version: number | null): string {
  return version === null
    ? 'the definition of its version is not registered here'
    : `it ran under version ${version}, which is not registered here; register that beside the newer one`;
}

/** False: it says why the line cannot be read. */
export function isRecord(line: JournalRecord | ReplayFlaw): line is JournalRecord {
  return 'inbound' in line;
}

/** The record of a line, or why it is none. */
export function readable(line: Parameters<typeof recordOfLine>[0]): JournalRecord | ReplayFlaw {
  try {
    return recordOfLine(line);
  } catch (error) {
    if (error instanceof BackstepError) return { sagaSeq: line.sagaSeq, why: error.message };
    throw error;
  }
}
