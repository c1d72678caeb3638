/** A process of its own that owns a database or waits for it, see owner-process.ts. */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { PostgresTimings } from '../../src/store/postgres/ownership/timings.ts';
import type { OwnerSays } from './owner-process.ts';

const OWNER_PROCESS = fileURLToPath(new URL('./owner-process.ts', import.meta.url));

export class Contender {
  readonly process: ChildProcess;
  /** Turns it was told are written, as `sid/seq`. */
  readonly acknowledged: string[] = [];
  /** Why it failed; empty while it has not. */
  reason = '';
  readonly #counts = new Map<OwnerSays['kind'], number>();
  readonly #listeners = new Set<() => void>();

  /** Its sagas have ids from `firstSid` on. */
  constructor(url: string, firstSid: number, timings: Partial<PostgresTimings>) {
    this.process = fork(OWNER_PROCESS, [url, JSON.stringify(timings), String(firstSid)]);
    this.process.on('message', (message: OwnerSays) => this.#note(message));
    this.process.on('exit', () => this.#tell());
    onTestFinished(() => void this.process.kill('SIGKILL'));
  }

  get isOver(): boolean {
    const hasEnded = this.process.exitCode !== null || this.process.signalCode !== null;
    return hasEnded || this.#counts.has('failed') || this.#counts.has('stopped');
  }

  /** Resolves once it has said so many more of that kind; rejects when it ends before. */
  async until(kind: OwnerSays['kind'], more = 1): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const isOnce = kind !== 'acknowledged';
    const wanted = isOnce ? 1 : (this.#counts.get(kind) ?? 0) + more;
    const look = (): void => {
      if ((this.#counts.get(kind) ?? 0) >= wanted) resolve();
      else if (this.isOver) reject(new Error(`it ended before it was ${kind}: ${this.reason}`));
    };
    this.#listeners.add(look);
    look();
    await promise.finally(() => this.#listeners.delete(look));
  }

  #note(message: OwnerSays): void {
    if (message.kind === 'acknowledged') this.acknowledged.push(`${message.sid}/${message.seq}`);
    if (message.kind === 'failed') this.reason = message.reason;
    this.#counts.set(message.kind, (this.#counts.get(message.kind) ?? 0) + 1);
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
