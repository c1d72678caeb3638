/**
 * The writer of a SQLite file, in a thread of its own: better-sqlite3 waits for each sync.
 *
 * Only what is under way keeps the process. What cannot be cloned into the thread is refused here,
 * for its own item alone.
 */
import { toFailure } from '../../../core/failure.ts';
import type { BatchItem, FromWriter, ItemOutcome } from '../../batch-items.ts';
import { startWorker } from '../../worker-url.ts';
import type { WriterPort } from '../../writer-port.ts';

/** What the writer's thread is started with. */
export interface WriterOptions {
  readonly realPath: string;
  /** See `FileStoreOptions`; `''`: none. */
  readonly tablePrefix: string;
  /** Upper bound of the file, in units of 8 KiB. */
  readonly maxPages: number | null;
  readonly firstRetryDelayMs: number;
  readonly maxRetryDelayMs: number;
}

/** Starts the thread, which opens the file and takes it over. */
export function startWriterThread(options: WriterOptions): WriterPort {
  const worker = startWorker('writer-worker', import.meta.url, options);
  /** What the batch under way had to leave behind; `null`: nothing, as a rule. */
  let refused: Refused | null = null;

  function postBatch(items: readonly BatchItem[]): void {
    try {
      worker.postMessage({ kind: 'batch', items });
    } catch {
      // A parameter that cannot be cloned (a function, say): only its own item is refused.
      refused = new Map(items.flatMap(refusalOf));
      const sendable = items.filter((_, index) => !refused?.has(index));
      worker.postMessage({ kind: 'batch', items: sendable });
    }
  }

  function answered(message: FromWriter): FromWriter {
    if (refused === null || message.kind !== 'done') return message;
    const outcomes = withRefused(message.outcomes, refused);
    refused = null;
    return { ...message, outcomes };
  }

  return {
    listen(take, crashed) {
      worker.on('message', (message: FromWriter) => {
        if (message.kind === 'opened' || message.kind === 'done') worker.unref();
        take(answered(message));
      });
      worker.on('error', (thrown: unknown) => {
        crashed(`the writer crashed: ${toFailure(thrown).message}`);
      });
      worker.on('exit', () => crashed('the writer ended by itself'));
    },
    send(message) {
      worker.ref();
      if (message.kind === 'batch') postBatch(message.items);
      else worker.postMessage(message);
    },
    terminate: async () => void (await worker.terminate()),
  };
}

/** By position in the batch as it was handed over. */
type Refused = ReadonlyMap<number, ItemOutcome>;

function refusalOf(item: BatchItem, index: number): [number, ItemOutcome][] {
  try {
    structuredClone(item);
    return [];
  } catch (thrown) {
    const message = `a parameter cannot be stored: ${toFailure(thrown).message}`;
    return [[index, { kind: 'rejected', message }]];
  }
}

/** The outcomes of the whole batch: those of the thread, and in their places those of the rest. */
function withRefused(outcomes: readonly ItemOutcome[], refused: Refused): readonly ItemOutcome[] {
  const all = [...outcomes];
  // In ascending order, so that each place is right by the time it is filled.
  for (const [index, outcome] of refused) all.splice(index, 0, outcome);
  return all;
}
