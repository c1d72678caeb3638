/**
 * One call for each attempt: runs the activity, and brings what came of it to its saga.
 *
 * Invariant: the call is marked before the activity is. Whoever finds another mark than its own
 * knows that an attempt was begun and has no end on record: it runs nothing, and says so.
 */
import {
  type Context,
  handlers,
  type internal,
  RestatePromise,
  service,
} from '@restatedev/restate-sdk';
import type { AttemptDesk, Told } from './attempt-desk.ts';
import { ATTEMPT_OPTIONS } from './call-options.ts';
import { jsonWords } from './json-words.ts';
import { SERVICES } from './names.ts';
import { taskOf, type WorkerRegistry } from './worker-registry.ts';
import { ATTEMPT_WORDS, type AttemptWords, type Report } from './words.ts';

/** The service of attempts. */
export function attemptService(registry: WorkerRegistry, desk: AttemptDesk) {
  const run = async (ctx: Context, given: unknown): Promise<void> => {
    const asked = ATTEMPT_WORDS.parse(given);
    for await (const { report, atMs } of toldOf(ctx as internal.ContextInternal, asked)) {
      if (report !== null) bring(ctx, asked.saga, report, atMs);
    }
  };

  // Gives how the attempt ended, and of one that was given up what came late.
  async function* toldOf(ctx: internal.ContextInternal, asked: AttemptWords): AsyncGenerator<Told> {
    const { activity, token } = asked.effect;
    const mine = desk.newMark();
    const mark = await ctx.run('dispatch', () => mine);
    const task = taskOf(registry, asked, desk.newRun());
    const interrupted: Report = { kind: 'interrupted', activity, token };
    // Every execution of the call must give Restate the same commands. So whether this execution
    // made the mark is decided inside of the second one, whose result Restate records.
    const attempt = async (): Promise<Told> => {
      // Nothing was begun where the worker has no such version: the saga is parked for it.
      if (task === null) return { report: { ...interrupted, wasClean: true }, atMs: asked.atMs };
      if (mark === mine) return desk.perform(task);
      desk.interrupted(task);
      return { report: interrupted, atMs: asked.atMs };
    };
    const lost = ctx.request().attemptCompletedSignal;
    const stop = (): void => {
      if (task !== null) desk.stop(task);
    };
    lost.addEventListener('abort', stop);
    const running = ctx.run('attempt', attempt);
    const cancelled = ctx.cancellation().map(() => null);
    const first = await RestatePromise.race([running, cancelled]);
    stop();
    const told = first ?? (await running);
    const isStopped = first === null;
    if (!isStopped) yield told;
    if (isStopped || told.report?.kind === 'timer') {
      yield await ctx.run('late', () => desk.late(task?.run ?? 0));
    }
    lost.removeEventListener('abort', stop);
    if (task !== null) desk.forget(task.run);
  }

  return service({
    name: SERVICES.attempt,
    handlers: { run: handlers.handler({ input: jsonWords }, run) },
    options: ATTEMPT_OPTIONS,
  });
}

function bring(ctx: Context, saga: string, inbound: Report, atMs: number): void {
  const parameter = { inbound, atMs };
  const target = { service: SERVICES.saga, key: saga, method: 'report' };
  ctx.genericSend<unknown>({ ...target, parameter, inputSerde: jsonWords });
}
