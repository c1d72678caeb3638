/**
 * The one way to a writer, wherever it runs: SQLite's in a thread of its own, one over a connection
 * in this thread.
 *
 * What it is told it does in order. At most one batch is under way, and `close` comes only after
 * the answer to the last one.
 */
import type { FromWriter, ToWriter } from './batch-items.ts';

export interface WriterPort {
  /**
   * Who is told what the writer says, never from within `send`, and that it ended without having
   * said so. Set once, before anything is sent; the first message is `opened`, `standby` or
   * `refused`.
   */
  listen(take: (message: FromWriter) => void, crashed: (reason: string) => void): void;
  /**
   * Hands a message over and returns. Never throws: an item that cannot be handed over is answered
   * as `rejected`. Batches come only after `opened`, `close` also before: it is answered all the
   * same, with `closed`.
   */
  send(message: ToWriter): void;
  /** Ends the writer and whatever it holds, without another word. Idempotent. */
  terminate(): Promise<void>;
}
