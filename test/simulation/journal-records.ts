/**
 * What a turn's journal line says, read for the oracles: each is asked for by several of them, and
 * parsed once.
 */
import type { Inbound, JournalRecord } from '../../src/core/turn/inbound.ts';
import { recordOfLine } from '../../src/core/history/replay.ts';
import { isUnreadableRecord } from '../../src/core/turn/kept-text/unreadable.ts';
import type { JournalRow, SagaCommit } from '../../src/store/commit.ts';

const records = new WeakMap<JournalRow, JournalRecord>();

export function recordOf({ journal }: SagaCommit): JournalRecord {
  const known = records.get(journal);
  if (known !== undefined) return known;
  const record = recordOfLine(journal);
  records.set(journal, record);
  return record;
}

export function inboundOf(commit: SagaCommit): Inbound {
  return recordOf(commit).inbound;
}

/** The turn parked a saga that could not be read; its text is what it was. */
export function isUnreadable(commit: SagaCommit): boolean {
  return isUnreadableRecord(recordOf(commit));
}
