/**
 * One saga's journal as a file of its own: what it takes to replay the saga elsewhere, against
 * other code.
 */
import { BackstepError } from '../../core/errors.ts';
import type { JournalRecord } from '../../core/turn/inbound.ts';
import { type Redact, redactText } from '../../core/secrets/redact.ts';
import { shownData } from '../../core/history/shown-state.ts';
import { type JournalLine, recordOfLine } from '../../core/history/replay.ts';
import type { JournalTable } from '../../store/schema.ts';
import type { StoredJournal } from '../../store/as-stored.ts';

const FORMAT = 'backstep-journal/1';

/** An exported journal; JSON. */
export interface JournalExport {
  readonly format: typeof FORMAT;
  readonly saga: {
    readonly id: string;
    readonly type: string;
    readonly version: number;
    readonly definitionHash: string;
  };
  readonly journal: readonly JournalLine[];
}

/** The export of what is stored. */
export function journalExport({ saga, lines }: StoredJournal): JournalExport {
  const { id, type, version, definition_hash: definitionHash } = saga;
  return {
    format: FORMAT,
    saga: { id, type, version, definitionHash },
    journal: lines.map(lineOf),
  };
}

/** The same with secrets hidden, fit to be kept beside tests: it replays as far as none decides. */
export function shownExport(stored: StoredJournal, redact: Redact): JournalExport {
  const { journal, ...exported } = journalExport(stored);
  const shown = journal.map((line) => ({
    ...line,
    event: redactText(line.event),
    data: shownData(line, redact),
  }));
  return { ...exported, journal: shown };
}

/** A journal row as the core replays it. */
export function lineOf(row: JournalTable): JournalLine {
  const { saga_seq: sagaSeq, at: atMs, from_state: from, to_state: to } = row;
  const { kind, cause, event, status, data, format } = row;
  return { sagaSeq, atMs, kind, cause, event, from, to, status, data, format };
}

/** Reads an export back. Throws `state-unreadable` when it is none, or damaged. */
export function readExport(value: unknown): {
  readonly saga: JournalExport['saga'];
  readonly records: readonly JournalRecord[];
} {
  if (!isExport(value)) {
    throw new BackstepError(
      'state-unreadable',
      `this is no exported journal: it lacks "format": "${FORMAT}"; ` +
        'give what `backstep export` prints, parsed',
    );
  }
  return { saga: value.saga, records: value.journal.map(recordOfLine) };
}

function isExport(value: unknown): value is JournalExport {
  return (
    value !== null &&
    typeof value === 'object' &&
    'format' in value &&
    value.format === FORMAT &&
    'journal' in value &&
    Array.isArray(value.journal)
  );
}
