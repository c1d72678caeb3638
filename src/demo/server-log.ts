/**
 * Where the server's log goes: a descriptor that may be full, closed or broken at any time.
 *
 * It must never throw, wait, or hold up the end of the process: a line that cannot be written is
 * dropped and counted, and how many were lost stands in the log once it can be written again.
 * Invariant: at most `MAX_PENDING_CHARS` wait, and lines are written whole or not at all unless
 * the descriptor fails in the middle of one.
 */
import { write, writeSync } from 'node:fs';
import { type Logger, pino } from 'pino';

/** Lines that wait beyond this are dropped, in characters. */
const MAX_PENDING_CHARS = 4 * 1024 * 1024;
/** A reader that is not ready gets this long before it is tried again. */
const BUSY_PAUSE_MS = 100;

/** The server's log, and how many of its lines were lost. */
export interface ServerLog {
  readonly log: Logger;
  readonly lostLines: () => number;
}

/** JSON lines on standard error; readable ones when a person watches. */
export function createServerLog(level: string): ServerLog {
  const { isTTY, fd } = process.stderr;
  if (isTTY) {
    const transport = { target: 'pino-pretty', options: { destination: fd } };
    return { log: pino({ level, transport }), lostLines: () => 0 };
  }
  const destination = logDestination(fd, warningOfLoss);
  process.on('exit', () => destination.flush());
  return { log: pino({ level }, destination), lostLines: destination.dropped };
}

function warningOfLoss(dropped: number): string {
  const { pid } = process;
  const line = { level: pino.levels.values['warn'], time: Date.now(), pid, dropped };
  return `${JSON.stringify({ ...line, msg: 'log lines were lost: they could not be written' })}\n`;
}

/** What pino writes its lines to. */
export interface LogDestination {
  write(line: string): void;
  /** Lines that were lost so far. */
  dropped(): number;
  /** Writes what waits, as far as that goes at once; for the end of the process. */
  flush(): void;
}

/** How to write to the descriptor; `node:fs` unless a test has another one. */
export interface DescriptorWrites {
  readonly write: (
    fd: number,
    bytes: Uint8Array,
    done: (error: NodeJS.ErrnoException | null, written: number) => void,
  ) => void;
  readonly writeSync: (fd: number, bytes: Uint8Array) => number;
}

const FILE_SYSTEM: DescriptorWrites = { write: (...given) => write(...given), writeSync };

/** Writes to `fd`; `lossLine` makes the line that tells how many were dropped. */
export function logDestination(
  fd: number,
  lossLine: (dropped: number) => string,
  writes: DescriptorWrites = FILE_SYSTEM,
): LogDestination {
  let pending: string[] = [];
  let pendingChars = 0;
  let isWriting = false;
  let dropped = 0;
  let told = 0;
  /** The last write failed in the middle of a line. */
  let isTorn = false;

  function takeChunk(): { readonly bytes: Uint8Array; readonly lines: number } {
    const lines = pending.length;
    const loss = dropped > told ? lossLine(dropped - told) : '';
    const bytes = Buffer.from(`${isTorn ? '\n' : ''}${loss}${pending.join('')}`);
    pending = [];
    pendingChars = 0;
    return { bytes, lines };
  }

  function next(): void {
    if (isWriting || pending.length === 0) return;
    isWriting = true;
    const before = dropped;
    const { bytes, lines } = takeChunk();
    send(bytes, (isWhole, isBegun) => {
      isWriting = false;
      isTorn = !isWhole && (isBegun || isTorn);
      if (isWhole) told = before;
      else dropped += lines;
      next();
    });
  }

  function send(bytes: Uint8Array, done: (isWhole: boolean, isBegun: boolean) => void): void {
    const total = bytes.length;
    const attempt = (rest: Uint8Array): void =>
      writes.write(fd, rest, (error, written) => {
        if (error === null && written >= rest.length) return done(true, true);
        if (error === null) return attempt(rest.subarray(written));
        if (!isBusy(error)) return done(false, rest.length < total);
        setTimeout(() => attempt(rest), BUSY_PAUSE_MS).unref();
      });
    attempt(bytes);
  }

  return {
    write(line) {
      if (pendingChars + line.length > MAX_PENDING_CHARS) {
        dropped += 1;
        return;
      }
      pending.push(line);
      pendingChars += line.length;
      next();
    },
    dropped: () => dropped,
    flush() {
      if (pending.length === 0) return;
      const { bytes, lines } = takeChunk();
      try {
        for (let rest = bytes; rest.length > 0;) {
          rest = rest.subarray(writes.writeSync(fd, rest));
        }
      } catch {
        dropped += lines; // nobody will be told: the process is ending
      }
    },
  };
}

function isBusy({ code }: NodeJS.ErrnoException): boolean {
  return code === 'EAGAIN' || code === 'EBUSY' || code === 'EINTR';
}
