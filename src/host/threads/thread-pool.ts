/**
 * A bounded number of worker threads, over the package `piscina`, which the user's program brings.
 *
 * Invariant: whatever an attempt does in its thread, its promise settles, and the thread of one that
 * was given up is free again or gone `GRACE_MS` later.
 */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { MessageChannel } from 'node:worker_threads';
import type { Piscina } from 'piscina';
import type { ActivityContext } from '../../core/activity.ts';
import { PermanentError, toFailure } from '../../core/failure.ts';
import { loadWithPackage } from '../../core/missing-package.ts';
import { threadFile, threadOptions } from '../../store/worker-url.ts';
import { AtMost } from '../at-most.ts';
import { ThreadCrash } from './thread-errors.ts';
import type { FromThread, ThreadAnswer, ThreadTask, ToThread } from './thread-words.ts';

/** How long an attempt that was given up may go on by its signal; then its thread is ended. */
const GRACE_MS = 1_000;
/** A thread without work ends after this. */
const IDLE_MS = 10_000;

/** One core is left for turns. */
export const DEFAULT_THREADS = Math.max(1, availableParallelism() - 1);

export class ThreadPool {
  readonly #threads: number;
  /** Attempts wait here: the pool's own queue stands still when a thread ends before its turn. */
  readonly #lane: AtMost;
  /** What ends the thread of each attempt, with the signal that says that it was given up. */
  readonly #running = new Map<AbortController, AbortSignal>();
  #pool: Promise<Piscina> | null = null;

  constructor(threads: number) {
    this.#threads = threads;
    this.#lane = new AtMost(threads);
  }

  /** Runs an attempt. Rejects with `ThreadCrash` when its thread ends. */
  run(
    activity: Pick<ThreadTask, 'module' | 'name'>,
    input: unknown,
    context: ActivityContext,
  ): Promise<ThreadAnswer> {
    return this.#lane.run(async () => {
      context.signal.throwIfAborted(); // it was given up while it waited
      const pool = await this.#opened();
      context.signal.throwIfAborted(); // or while the threads were made
      return this.#runOn(pool, activity, input, context);
    });
  }

  /** Ends the threads, and those attempts that were given up, unless others run. */
  async end(): Promise<void> {
    let others = 0;
    for (const [kill, { aborted }] of this.#running) {
      if (aborted) kill.abort();
      else others += 1;
    }
    const pool = this.#pool;
    if (pool === null || others > 0) return;
    this.#pool = null;
    await (await pool).destroy();
  }

  async #runOn(
    pool: Piscina,
    activity: Pick<ThreadTask, 'module' | 'name'>,
    input: unknown,
    { signal, heartbeat, ...context }: ActivityContext,
  ): Promise<ThreadAnswer> {
    const { port1, port2: port } = new MessageChannel();
    const kill = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const giveUp = (): void => {
      port1.postMessage('abort' satisfies ToThread);
      timer = setTimeout(() => kill.abort(), GRACE_MS);
    };
    port1.on('message', (_: FromThread) => heartbeat());
    port1.unref();
    signal.addEventListener('abort', giveUp);
    this.#running.set(kill, signal);
    try {
      const task: ThreadTask = { ...activity, input, context, port };
      return (await pool.run(task, { transferList: [port], signal: kill.signal })) as ThreadAnswer;
    } catch (thrown) {
      throw new ThreadCrash(thrown);
    } finally {
      signal.removeEventListener('abort', giveUp);
      clearTimeout(timer);
      port1.close();
      this.#running.delete(kill);
    }
  }

  // A pool that could not be made is none: a later attempt may, and there is nothing to end.
  async #opened(): Promise<Piscina> {
    const opening = (this.#pool ??= this.#open());
    try {
      return await opening;
    } catch (error) {
      if (this.#pool === opening) this.#pool = null;
      throw error;
    }
  }

  async #open(): Promise<Piscina> {
    const { Piscina } = await loadWithPackage(() => import('piscina'), PACKAGE).catch(isMissing);
    const pool = new Piscina({
      ...threadOptions(),
      filename: fileURLToPath(threadFile('attempt-worker', import.meta.url)),
      name: 'runAttempt',
      minThreads: 0,
      maxThreads: this.#threads,
      idleTimeout: IDLE_MS,
      atomics: 'disabled', // a thread that blocks between attempts would hear no message
    });
    pool.on('error', () => {}); // a thread that ended without an attempt is missed by nobody
    return pool;
  }
}

const PACKAGE = { by: 'inThread', name: 'piscina' };

// Nothing has happened, and no further attempt would find the package.
function isMissing(thrown: unknown): never {
  const { code, message } = toFailure(thrown);
  throw new PermanentError(code, message, { cause: thrown });
}
