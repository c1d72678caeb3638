/**
 * Whether turns were computed from the rows that are stored: asked where they were not written, since
 * that comes before whatever else they could not be written for. Sends nothing.
 */
import { type BatchItem, type ItemOutcome, JOURNAL_SID, type TurnItem } from '../../batch-items.ts';
import type { Answer, Statement } from '../connection/pipeline.ts';
import type { EngineStatements } from './statements.ts';

/** Asks for the rows of those turns. */
export function seqsStatement(turns: readonly TurnItem[], sql: EngineStatements): Statement {
  const rows = turns.map(({ journal }) => journal);
  return { sql: sql.storedSeqs, parameters: [{ type: 'bigint', rows, at: JOURNAL_SID }] };
}

/** Tells for each of the turns, from that answer, the outcome `stale`; `null`: its row is right. */
export function staleBy(answer: Answer | undefined): (turn: TurnItem) => ItemOutcome | null {
  const stored = new Map(answer?.rows.map(([sid, seq]) => [Number(sid), Number(seq)]));
  return ({ kind, saga, journal }) => {
    const storedSeq = stored.get(Number(journal[JOURNAL_SID])) ?? null;
    const expected = kind === 'start' ? null : saga.at(-1);
    return storedSeq === expected ? null : { kind: 'stale', storedSeq };
  };
}

/** The item as a turn; `null` for one that has no row of a saga. */
export function turnOf(item: BatchItem | undefined): TurnItem | null {
  if (item === undefined || item.kind === 'write' || item.kind === 'acknowledge') return null;
  return item;
}
