/**
 * Activities that burn processor time, in threads of their own, so that they hold no turn of any saga.
 */
import type { ActivityContext } from '../../core/activity.ts';
import { BackstepError } from '../../core/errors.ts';
import { check, kindOf, NAME, optionsOf, required, whole } from '../../core/options-reader.ts';
import { DEFAULT_THREADS, ThreadPool } from './thread-pool.ts';
import { thrownInThread } from './thread-errors.ts';

/** Which export of the module it is, and where it runs. */
export interface InThreadOptions {
  /** The name of the export. Default: `default`. */
  readonly export?: string;
  /** Default: one pool for all, with a thread less than there are cores, at least one. */
  readonly threads?: Threads;
}

/** An activity that runs in a thread. */
export type ThreadActivity<Input, Output> = (
  input: Input,
  context: ActivityContext,
) => Promise<Output>;

/** A pool of threads, made by `threads`. */
export interface Threads {
  /** Most that run at once. */
  readonly limit: number;
}

const pools = new WeakMap<Threads, ThreadPool>();
/** The pools that an activity runs in. */
const poolOf = new WeakMap<object, ThreadPool>();

/** A pool of its own for some activities, of at most so many threads. */
export function threads(limit: number): Threads {
  check(limit, whole(1, 1_024), 'threads', 'input-invalid');
  const made = { limit };
  pools.set(made, new ThreadPool(limit));
  return made;
}

let shared: Threads | undefined;

const MODULE = kindOf(
  'a URL, such as new URL("./resize.js", import.meta.url)',
  (value) => value instanceof URL || (typeof value === 'string' && URL.canParse(value)),
);
const POOL = kindOf('what threads() gives', (value) => pools.has(value as Threads));
const OPTIONS = optionsOf({ export: NAME, threads: POOL });
const GIVEN = optionsOf({ module: required(MODULE), options: OPTIONS });

/**
 * The activity that a module exports, run in a thread of a bounded pool. It gets its input, key and
 * signal as any other, and answers or throws the same; input and output are copied. An attempt that
 * was given up has a second to heed its signal; then its thread is ended, whatever it does. A thread
 * that ends by itself is a failure that may have happened, with code `thread-crashed`.
 *
 * An attempt that waits for a thread has begun: its time-out runs. Needs the package `piscina`.
 *
 * @example
 * activities: { resize: inThread(new URL('./resize.js', import.meta.url)) }
 */
export function inThread<Input, Output>(
  module: URL | string,
  options: InThreadOptions = {},
): ThreadActivity<Input, Output> {
  check({ module, options }, GIVEN, 'inThread', 'input-invalid');
  const pool = pools.get(options.threads ?? (shared ??= threads(DEFAULT_THREADS)));
  if (pool === undefined) throw new BackstepError('input-invalid', 'inThread: no such pool');
  const { export: name = 'default' } = options;
  const activity = async (input: Input, context: ActivityContext): Promise<Output> => {
    const answer = await pool.run({ module: String(module), name }, input, context);
    if (answer.kind === 'failed') throw thrownInThread(answer);
    return answer.output as Output; // the module's word, as that of any activity
  };
  poolOf.set(activity, pool);
  return activity;
}

/** The pool that an activity runs in; none: it runs here. */
export function threadsOf(activity: object): Pick<ThreadPool, 'end'> | undefined {
  return poolOf.get(activity);
}
