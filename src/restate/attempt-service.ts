/** One call for each attempt: runs the activity, and brings what came of it to its saga. */
import {
  type Context,
  handlers,
  type internal,
  RestatePromise,
  service,
} from '@restatedev/restate-sdk';
import { type AttemptTools, beginAttempt } from './attempts/attempt-call.ts';
import type { Told } from './attempt-desk.ts';
import { ATTEMPT_OPTIONS } from './call-options.ts';
import { jsonWords } from './json-words.ts';
import { SERVICES } from './names.ts';
import { ATTEMPT_WORDS, type AttemptWords, type Report } from './words.ts';

/** The service of attempts. */
export function attemptService(tools: AttemptTools) {
  const run = async (ctx: Context, given: unknown): Promise<void> => {
    const asked = ATTEMPT_WORDS.parse(given);
    for await (const { report, atMs } of toldOf(ctx as internal.ContextInternal, tools, asked)) {
      if (report !== null) bring(ctx, asked.saga, report, atMs);
    }
  };
  return service({
    name: SERVICES.attempt,
    handlers: { run: handlers.handler({ input: jsonWords }, run) },
    options: ATTEMPT_OPTIONS,
  });
}

// Gives how the attempt ended, and of one that was given up what came late.
async function* toldOf(
  ctx: internal.ContextInternal,
  tools: AttemptTools,
  asked: AttemptWords,
): AsyncGenerator<Told> {
  const attempt = await beginAttempt(ctx, tools, asked);
  const cancelled = ctx.cancellation().map(() => attempt.stop());
  const recorded = RestatePromise.race([attempt.made, cancelled]).then(() => attempt.made);
  const told = await attempt.handedOver;
  attempt.stop();
  // After anything but a result the call goes on, and the SDK waits for one thing at a time.
  if (told.report?.kind !== 'result') await recorded;
  yield told;
  // By what is on record alone: an order to stop it may be heard earlier or later another time.
  if (told.report === null || told.report.kind === 'timer') yield await attempt.late();
  attempt.end();
}

function bring(ctx: Context, saga: string, inbound: Report, atMs: number): void {
  const parameter = { inbound, atMs };
  const target = { service: SERVICES.saga, key: saga, method: 'report' };
  ctx.genericSend<unknown>({ ...target, parameter, inputSerde: jsonWords });
}
