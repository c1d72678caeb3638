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
  type Serde,
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
    const { serde, handedOver } = recordOfIt();
    const running = ctx.run('attempt', attempt, { serde });
    const cancelled = ctx.cancellation().map(() => null);
    const known = RestatePromise.race([running, cancelled]);
    const soon = await Promise.race([handedOver, known]);
    // After anything but a result the call goes on, and the SDK waits for one thing at a time.
    const first = soon?.report?.kind === 'result' ? soon : await known;
    stop();
    const told = first ?? (await running);
    yield told;
    // By what is on record alone: an order to stop it may be heard earlier or later another time.
    if (told.report === null || told.report.kind === 'timer') {
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

/**
 * How it is recorded what an attempt came to; `handedOver`: the same, read from the very bytes that
 * Restate is given, and known before Restate has answered.
 *
 * Crash point: what is said after it is kept after it, so that a report never stands without the record
 * that another execution makes it from. It relies on the SDK, which hands over what it has serialized
 * before anything that waits for it goes on.
 */
function recordOfIt(): { readonly serde: Serde<Told>; readonly handedOver: Promise<Told> } {
  const { promise: handedOver, resolve } = Promise.withResolvers<Told>();
  const deserialize = (bytes: Uint8Array): Told => jsonWords.deserialize(bytes) as Told;
  const serialize = (told: Told): Uint8Array => {
    const bytes = jsonWords.serialize(told);
    resolve(deserialize(bytes));
    return bytes;
  };
  const { contentType = '' } = jsonWords;
  return { serde: { contentType, serialize, deserialize }, handedOver };
}

function bring(ctx: Context, saga: string, inbound: Report, atMs: number): void {
  const parameter = { inbound, atMs };
  const target = { service: SERVICES.saga, key: saga, method: 'report' };
  ctx.genericSend<unknown>({ ...target, parameter, inputSerde: jsonWords });
}
