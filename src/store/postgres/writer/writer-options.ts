/** What the parts of the writer share. */
import type { PostgresTimings } from '../ownership/timings.ts';

export interface PostgresWriterOptions {
  /** Of a direct connection: a pooler in transaction mode cannot be owned over. */
  readonly url: string;
  /** Of the engine's tables; a checked name. */
  readonly schema: string;
  /** What people call this process. Default: host name and process id. */
  readonly label?: string;
  readonly timings?: Partial<PostgresTimings>;
  /** Milliseconds since 1970, to compare with the server's clock. Default `Date.now`. */
  readonly nowMs?: () => number;
  /** Hears that a batch was written, once for each. Default: nothing. */
  readonly onWritten?: () => void;
  /** Hears of what a person should look at, such as clocks that differ. Default: nothing. */
  readonly onWarning?: (text: string) => void;
}
