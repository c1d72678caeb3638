/**
 * One attempt as a call on Restate makes it: a call of its own, or one of its saga.
 *
 * Invariant: the call is marked before the activity is called. Whoever finds another mark than its
 * own knows that an attempt was begun and has no end on record: it runs nothing, and says so.
 */
import type { Context, RestatePromise, Serde } from '@restatedev/restate-sdk';
import type { AttemptTask } from '../../host/outside/activity-runner.ts';
import type { AttemptDesk, Made, Told, Waiting } from '../attempt-desk.ts';
import { jsonWords } from '../json-words.ts';
import { taskOf, type WorkerRegistry } from '../worker-registry.ts';
import type { AttemptWords, Report } from '../words.ts';

/** What a worker makes attempts with. */
export interface AttemptTools {
  readonly registry: WorkerRegistry;
  readonly desk: AttemptDesk;
}

/** An attempt under way. */
export interface AttemptCall {
  /** What came of it, as Restate records it. */
  readonly made: RestatePromise<Made>;
  /**
   * The same before Restate has answered, for a call that says it and ends; see `recordOfIt`. Only
   * while `made` is waited for as well.
   */
  readonly handedOver: Promise<Made>;
  /** The rest of one that goes on after that. */
  rest(): RestatePromise<Made>;
  /** Aborts it where it still runs. */
  stop(): void;
  /** What it has done after all, once it is stopped, as Restate records it. */
  late(): RestatePromise<Told>;
  /** Nothing more is asked of it. */
  end(): void;
}

/**
 * Marks the attempt and begins it, unless an execution of this call before this one did. Interrupted
 * in good order is one that was not begun here.
 */
export async function beginAttempt(
  ctx: Context,
  { registry, desk }: AttemptTools,
  asked: AttemptWords,
  waiting: Waiting = {},
): Promise<AttemptCall> {
  const { activity, token } = asked.effect;
  const mine = desk.newMark();
  const mark = await ctx.run('dispatch', () => mine);
  const task = taskOf(registry, asked, desk.newRun());
  const interrupted: Report = { kind: 'interrupted', activity, token };
  const without = (report: Report): Made => ({ report, atMs: asked.atMs, tookMs: 0 });
  // Every execution of the call must give Restate the same commands. So whether this execution
  // made the mark is decided inside of the second one, whose result Restate records.
  const attempt = async (): Promise<Made> => {
    // Nothing was begun where the worker has no such version: the saga is parked for it.
    if (task === null) return without({ ...interrupted, wasClean: true });
    if (mark === mine) return desk.perform(task, waiting);
    desk.interrupted(task);
    return without(interrupted);
  };
  const rest = async (): Promise<Made> => {
    // Only the execution that made the attempt knows it by that name.
    const known = task === null ? null : await desk.rest(task.run);
    if (known === null && task !== null) desk.interrupted(task);
    return known ?? without(interrupted);
  };
  const stop = (): void => {
    if (task !== null) desk.stop(task);
  };
  const lost = ctx.request().attemptCompletedSignal;
  lost.addEventListener('abort', stop);
  const { serde, handedOver } = recordOfIt();
  return {
    made: ctx.run('attempt', attempt, { serde }),
    handedOver,
    rest: () => ctx.run('rest', rest),
    stop,
    late: () => ctx.run('late', () => desk.late(runOf(task))),
    end: () => {
      lost.removeEventListener('abort', stop);
      desk.forget(runOf(task));
    },
  };
}

/**
 * How it is recorded what an attempt came to; `handedOver`: the same, read from the very bytes that
 * Restate is given, or has of an execution before this one.
 *
 * Crash point: what is said after it is kept after it, so that a report never stands without the record
 * that another execution makes it from. It relies on the SDK, which hands over what it has serialized
 * before anything that waits for it goes on.
 */
function recordOfIt(): { readonly serde: Serde<Made>; readonly handedOver: Promise<Made> } {
  const { promise: handedOver, resolve } = Promise.withResolvers<Made>();
  const deserialize = (bytes: Uint8Array): Made => {
    const made = jsonWords.deserialize(bytes) as Made;
    resolve(made);
    return made;
  };
  const serialize = (made: Made): Uint8Array => {
    const bytes = jsonWords.serialize(made);
    deserialize(bytes);
    return bytes;
  };
  const { contentType = '' } = jsonWords;
  return { serde: { contentType, serialize, deserialize }, handedOver };
}

const NO_RUN = 0;
const runOf = (task: AttemptTask | null): number => task?.run ?? NO_RUN;
