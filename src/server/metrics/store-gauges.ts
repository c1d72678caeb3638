/**
 * What a scrape reads of the database.
 *
 * A read that takes long is answered from the last one for a hundred times as long, so that watching
 * takes at most a hundredth of the reader's time, however many sagas are open. A read that fails
 * leaves its metrics out, and is counted: a database that is in trouble is just what is watched for.
 */
import type { ReadModels, StatusCounts } from '../../store/read-models.ts';
import type { InboxFigures } from '../../store/queries/inbox.ts';
import type { StartQueueSize } from '../../store/queries/start-reads.ts';
import type { DatabaseSize } from '../../store/dialect.ts';
import type { LongestUnmoved, OpenLetters, UnderWay } from '../../store/queries/gauge-reads.ts';

/** Reads that take less are made at every scrape, in milliseconds. */
const QUICK_MS = 20;
/** How many times its own length a longer read is good for. */
const GOOD_FOR = 100;

/** What was read; `null`: it could not be read just now. */
export interface StoreGauges {
  readonly sagas: StatusCounts | null;
  readonly inbox: InboxFigures | null;
  readonly queues: readonly StartQueueSize[] | null;
  readonly underWay: readonly UnderWay[] | null;
  readonly unmoved: readonly LongestUnmoved[] | null;
  readonly letters: readonly OpenLetters[] | null;
  readonly messages: number | null;
  readonly size: DatabaseSize | null;
}

/** Gives the way to read them. `elapsedMs`: a clock that is never set. */
export function storeGaugesOf(
  read: ReadModels,
  countSagas: () => Promise<StatusCounts>,
  elapsedMs: () => number = () => performance.now(),
): () => Promise<StoreGauges> {
  const { gauges } = read;
  const paced = <Value>(look: () => Promise<Value>) => pacedRead(look, elapsedMs);
  const sagas = paced(countSagas);
  const inbox = paced(() => read.inboxFigures());
  const queues = paced(() => read.startQueues());
  const underWay = paced(() => gauges.underWay());
  const unmoved = paced(() => gauges.longestUnmoved());
  const letters = paced(() => gauges.openLetters());
  const messages = paced(() => gauges.waitingMessages());
  const size = paced(() => gauges.size());
  return async () => ({
    sagas: await sagas(),
    inbox: await inbox(),
    queues: await queues(),
    underWay: await underWay(),
    unmoved: await unmoved(),
    letters: await letters(),
    messages: await messages(),
    size: await size(),
  });
}

function pacedRead<Value>(
  look: () => Promise<Value>,
  elapsedMs: () => number,
): () => Promise<Value | null> {
  let last: { readonly value: Value | null; readonly goodUntilMs: number } | null = null;
  let underWay: Promise<Value | null> | null = null;
  const readAnew = async (): Promise<Value | null> => {
    const startedAtMs = elapsedMs();
    // What it was is told by whatever else the database does.
    const value = await look().catch(() => null);
    const endedAtMs = elapsedMs();
    const tookMs = endedAtMs - startedAtMs;
    last = { value, goodUntilMs: tookMs < QUICK_MS ? 0 : endedAtMs + tookMs * GOOD_FOR };
    return value;
  };
  return () => {
    if (last !== null && elapsedMs() < last.goodUntilMs) return Promise.resolve(last.value);
    underWay ??= readAnew().finally(() => (underWay = null));
    return underWay;
  };
}
