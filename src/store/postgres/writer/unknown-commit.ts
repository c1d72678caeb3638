/**
 * What became of a transaction whose COMMIT was never answered, asked over the next connection.
 *
 * The session before must be behind a fence by then: nothing of it can be committed any more. That
 * is what makes the answer final.
 */
import {
  type BatchItem,
  type ItemOutcome,
  JOURNAL_SAGA_SEQ,
  JOURNAL_SID,
} from '../../batch-items.ts';
import type { Batch, InHand } from './batch.ts';
import { keyTaken } from './batch-plan.ts';
import { ask, statement } from '../ownership/ownership.ts';
import type { Pipeline } from '../connection/pipeline.ts';
import type { EngineStatements } from './statements.ts';

/** The seq given last, and the id of the transaction, where it was committed. */
export interface ResolvedCommit {
  readonly seq: number;
  readonly transactionId: string | null;
}

/**
 * Decides the items of the transaction in hand if it was committed; else they stay open. `null`: it
 * was not. Throws what the server or the connection ended with; then it is as unknown as before.
 */
export async function resolveCommit(
  pipeline: Pipeline,
  batch: Batch,
  sql: EngineStatements,
): Promise<ResolvedCommit | null> {
  const { inHand } = batch;
  if (inHand === null) return null;
  const journal = await ask(pipeline, [statement(sql.journalAfter, String(inHand.seq))]);
  const rows = journal[0]?.rows ?? [];
  const isCommitted = rows.length > 0 || (await isTransactionCommitted(pipeline, inHand));
  if (!isCommitted) {
    // Committed without a turn and without an id known: acknowledgements, which may be repeated.
    batch.inHand = null;
    return null;
  }
  const seqs = new Map(rows.map(([seq, sid, sagaSeq]) => [`${sid}/${sagaSeq}`, Number(seq)]));
  const decided: [number, ItemOutcome][] = [];
  for (const index of inHand.indexes) {
    const item = batch.items[index];
    if (item === undefined) continue;
    const outcome = inHand.known.get(index) ?? (await outcomeOf(pipeline, item, seqs, sql));
    decided.push([index, outcome]);
  }
  batch.decide(decided);
  const last = rows.at(-1)?.[0];
  const { transactionId } = inHand;
  return { seq: last === undefined || last === null ? inHand.seq : Number(last), transactionId };
}

async function isTransactionCommitted(pipeline: Pipeline, { transactionId }: InHand) {
  if (transactionId === null) return false;
  return (await transactionStatus(pipeline, transactionId)) === 'committed';
}

/** As the server has it; `null`: so long ago that it does not know. Throws for one to come. */
export async function transactionStatus(pipeline: Pipeline, id: string): Promise<string | null> {
  const [answer] = await ask(pipeline, [statement('SELECT pg_xact_status($1::xid8)', id)]);
  return answer?.rows[0]?.[0] ?? null;
}

/** Of an item in a committed transaction: a turn that is not in the journal lost its key. */
async function outcomeOf(
  pipeline: Pipeline,
  item: BatchItem,
  seqs: ReadonlyMap<string, number>,
  sql: EngineStatements,
): Promise<ItemOutcome> {
  if (item.kind === 'acknowledge') return { kind: 'acknowledged' };
  if (item.kind === 'write') return { kind: 'rejected', message: 'its outcome is not known' };
  const seq = seqs.get(`${item.journal[JOURNAL_SID]}/${item.journal[JOURNAL_SAGA_SEQ]}`);
  if (seq !== undefined) return seq;
  const key = item.extras?.key;
  const [answer] = await ask(pipeline, [statement(sql.storedKey, key?.type ?? '', key?.key ?? '')]);
  const [sagaId, inputHash] = answer?.rows[0] ?? [];
  return keyTaken(sagaId, inputHash);
}
